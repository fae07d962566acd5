/** What every statement of ours relies on, whichever engine runs it. */
export const sessionSettings = {
  do_not_merge_across_partitions_select_final: 1,
  output_format_json_quote_64bit_integers: 0,
  max_partitions_per_insert_block: 0,
  optimize_on_insert: 1,
  log_queries: 0,
} as const;
