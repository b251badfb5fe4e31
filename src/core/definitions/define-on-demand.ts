/** The vocabulary of on-demand features: computed when they are asked for, from what the caller brings and from stored features. */
import type { EntityDefinition } from './define-entity.js';
import type { FeatureSpec } from './define-feature.js';
import type { FeatureReference } from './register.js';
import type { FeatureType, ScalarType } from './types.js';

interface ScalarForms {
  readonly STRING: string;
  readonly BOOLEAN: boolean;
  readonly INT32: number;
  readonly INT64: string;
  readonly FLOAT32: number;
  readonly FLOAT64: number;
  readonly DECIMAL: string;
  readonly DATE: string;
  readonly TIMESTAMP: string;
}

/** A value of a feature type in process, as core/definitions/types.ts says; scalars and the elements of a list may be null. */
export type ValueOf<T extends FeatureType> = T extends `ARRAY<${infer E extends ScalarType}>`
  ? readonly (ScalarForms[E] | null)[]
  : T extends ScalarType
    ? ScalarForms[T] | null
    : never;

/** A feature that the function reads, stored or on-demand: pinned, with the type that its view declares, so that the compiler knows it too. */
export interface FeatureInput<T extends FeatureType = FeatureType> {
  readonly type: T;
  /** `view@version:feature` */
  readonly reference: string;
}

/** `input('DECIMAL', 'customer_profile@1:monthly_income')`; the registry checks that the view declares that type. */
export const input = <const T extends FeatureType>(type: T, reference: FeatureReference): FeatureInput<T> => ({
  type,
  reference,
});

type Typed = Readonly<Record<string, { readonly type: FeatureType }>>;

/** The arguments of a function, by name: null without a value, except a list of the request, which is empty then. */
export type Inputs<S extends Typed> = { readonly [Name in keyof S]: ValueOf<S[Name]['type']> | null };
/** The result of a function: every declared feature, of its declared type. */
export type Outputs<S extends Typed> = { readonly [Name in keyof S]: ValueOf<S[Name]['type']> };

type Specs = Readonly<Record<string, FeatureSpec>>;

export interface OnDemandViewSpec<
  R extends Specs = Specs,
  I extends Readonly<Record<string, FeatureInput>> = Readonly<Record<string, FeatureInput>>,
  F extends Specs = Specs,
> {
  /** The entity that the features describe; every input is of this entity, or of one that its join keys name too. */
  readonly entity: EntityDefinition;
  readonly description: string;
  readonly owner: string;
  readonly tags?: readonly string[];
  /** The inputs that the caller brings: `request` of an online request, a pass-through column of a spine. `pii` says that it is personal. */
  readonly request: R;
  readonly inputs: I;
  readonly features: F;
  /**
   * For features that are not computed from every input: from which. Who asks for these alone need not bring the others, which are null to the
   * function then; and so they are whatever else is asked for, so that a value is the same in any company.
   */
  readonly reads?: { readonly [Name in keyof F]?: readonly (keyof R | keyof I)[] };
  /**
   * Pure: the same arguments give the same answer, with no clock, no store and no environment, so that a request and a training set agree.
   * INT64 and DECIMAL are strings, as everywhere; NaN and infinities are answered as null.
   */
  readonly compute: (input: Inputs<R> & Inputs<I>) => Outputs<F>;
}

/** Whatever is declared, erased: what the registry holds. */
export type AnyOnDemandViewSpec = Omit<OnDemandViewSpec, 'compute' | 'reads'> & {
  readonly reads?: Readonly<Record<string, readonly string[] | undefined>>;
  readonly compute: (input: never) => Readonly<Record<string, unknown>>;
};

export const defineOnDemandView = <
  const R extends Specs,
  const I extends Readonly<Record<string, FeatureInput>>,
  const F extends Specs,
>(
  spec: OnDemandViewSpec<R, I, F>,
): { readonly kind: 'on_demand' } & OnDemandViewSpec<R, I, F> => Object.freeze({ kind: 'on_demand', ...spec });
