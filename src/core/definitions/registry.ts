/** Every definition that has a file, by its id. Frozen after boot. */

import type { SourceTables } from '../lending/sources.js';
import type { EntityDefinition } from './define-entity.js';
import type { JobSpec } from './define-job.js';
import type { DefinitionKind } from './definition-kinds.js';
import type { Fact, Indicator, Label, Model, OnDemandView, Service, View } from './definitions.js';

export interface JobDefinition extends JobSpec {
  readonly name: string;
  readonly file: string;
}

/** A definition file that is not loaded, and why. */
export interface RefusedFile {
  /** Path from the root. */
  readonly file: string;
  /** What it would define; null where its name does not say. */
  readonly defines: { readonly kind: DefinitionKind; readonly id: string } | null;
  readonly reasons: readonly string[];
  /** Of an attached table that is applied and cannot be read now: it forbids no change but of what reads it. */
  readonly isAway?: true;
}

export interface Registry {
  readonly tables: SourceTables;
  readonly entities: ReadonlyMap<string, EntityDefinition>;
  /** By id; every version that has a file. */
  readonly views: ReadonlyMap<string, View>;
  readonly onDemandViews: ReadonlyMap<string, OnDemandView>;
  readonly services: ReadonlyMap<string, Service>;
  readonly facts: ReadonlyMap<string, Fact>;
  readonly indicators: ReadonlyMap<string, Indicator>;
  readonly models: ReadonlyMap<string, Model>;
  readonly labels: ReadonlyMap<string, Label>;
  readonly jobs: ReadonlyMap<string, JobDefinition>;
  /** Files with a problem, by path. What was applied of them is served from what was published, as far as that goes. */
  readonly refused: readonly RefusedFile[];
}
