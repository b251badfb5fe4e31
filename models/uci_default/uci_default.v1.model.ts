import { defineModel } from 'riskgraph';
import { customer } from '../../features/entities.js';

export default defineModel({
  entity: customer,
  description:
    'Probability that a card customer misses the payment of the next month, from the last six statements. Trained by training/uci_default.py on the ' +
    'UCI credit card data: a worked example, see card.json for its figures and limits. Gender, marital status, education and age are no inputs.',
  owner: 'behaviour-risk',
  onnx: 'uci_default.onnx',
  inputs: [
    'statement_history@1:credit_limit',
    'statement_history@1:utilization',
    'statement_history@1:delinquency',
    'statement_history@1:statement_balance',
    'statement_history@1:amount_paid',
  ],
  tensors: { input: 'features', probability: 'probabilities' },
  missing: 'nan',
  scale: { points: 600, odds: 1 / 19, pointsToDoubleOdds: 50 },
  bands: { A: 580, B: 540, C: 500, D: 460, E: -1000 },
});
