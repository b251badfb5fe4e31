/** Settings of statements over all keys: what does not fit waits on disk. */
export const BOUNDED = {
  max_bytes_before_external_sort: '400000000',
  max_bytes_before_external_group_by: '400000000',
} as const;
