import { defineProject } from 'riskgraph';

export default defineProject({
  /** What is taken of the product's definitions: 'all', 'none', or names and folders such as ['features/customer/', 'b_score@1']. */
  starter: 'all',
});
