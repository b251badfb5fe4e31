import { defineTable, opt, text } from 'riskgraph';

export default defineTable({
  description: 'Reference: the brand of a device by the first eight digits of its IMEI.',
  key: ['tac'],
  columns: {
    tac: text('The type allocation code'),
    brand: text('The brand'),
    price_band: opt(text('The price band: LOW, MIDDLE or HIGH')),
  },
});
