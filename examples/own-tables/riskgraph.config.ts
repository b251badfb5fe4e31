import { defineProject } from 'riskgraph';

export default defineProject({ starter: 'all' });
