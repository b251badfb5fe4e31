import { defineIndicator, funnelOf } from 'riskgraph';

export default defineIndicator({
  domain: 'operation',
  description:
    'The way to a loan: people who open the app, register, fill in the form, submit it, are approved and draw, each step no earlier than the one before it and ' +
    'within 30 days of the opening. Read whole with funnel; as an indicator, people who draw over people who open, by the day of the opening.',
  owner: 'growth',
  unit: 'fraction',
  term: '转化漏斗',
  formula: 'people who draw within 30 days / people who open',
  direction: 'HIGHER_IS_BETTER',
  pitfalls:
    'Who has registered already takes no step REGISTER again: filter customer_kind EQ NEW. A person who opens in two channels counts in both, so groups do not add up.',
  value: funnelOf('funnel_steps@1', ['OPEN', 'REGISTER', 'FILL', 'SUBMIT', 'APPROVE', 'DRAWDOWN']),
});
