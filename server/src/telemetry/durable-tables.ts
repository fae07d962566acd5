/**
 * Inserts and merges are on the disk before they count: a merged part takes the place of parts that were, and after a
 * power cut it would be read with holes or not at all.
 */
export const synced =
  'fsync_after_insert = 1, fsync_part_directory = 1, ' +
  'min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1';
