import { defineTable, instant, oneOf, opt, text } from 'riskgraph';

export default defineTable({
  description: 'What an investigator found of a gang; the newest verdict is in force until it ends.',
  key: ['gang_id', 'judged_at'],
  eventTime: 'judged_at',
  columns: {
    gang_id: text('The gang'),
    judged_at: instant('When it was judged'),
    verdict: oneOf('The finding; NONE takes back the one before', ['CONFIRMED', 'FALSE_ALARM', 'WATCH', 'NONE']),
    note: text('Why, for the case file'),
    until: opt(instant('When the verdict ends; without it, it holds until the next')),
  },
});
