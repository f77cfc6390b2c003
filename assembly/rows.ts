// Joining rows. A row is one vector; join is minimum, covers is "nothing would change".

import { joined, joinedMax, joinSlotBits, joinSlots, rowCount, rows } from "./state";

/** The id of the row joined so far, or MIXED when it is not one row of the artifact. */
export const MIXED: u32 = 0xfffffffe;
/** No id could be given: the table of joined rows is full. */
export const FULL: u32 = 0xffffffff;

export let row: v128 = i32x4.splat(-1);
export let rowId: u32 = 0;
let joinedCount: u32 = 0;

// @ts-ignore: decorator
@inline
export function startRow(): void {
  row = i32x4.splat(-1);
  rowId = 0;
}

// @ts-ignore: decorator
@inline
export function covered(id: u32): bool {
  return i32x4.all_true(i32x4.le_u(row, v128.load(rows + (<usize>id << 4))));
}

export function join(id: u32): void {
  const other = v128.load(rows + (<usize>id << 4));
  if (i32x4.all_true(i32x4.le_u(row, other))) return;
  const both = i32x4.min_u(row, other);
  rowId = i32x4.all_true(i32x4.eq(both, other)) ? id : MIXED;
  row = both;
}

/** The id of the joined row: an artifact's, or one of the bounded table of rows joined at run time. */
export function finishRow(): u32 {
  if (rowId != MIXED) return rowId;
  let h = <u32>i32x4.extract_lane(row, 0) * 0x9e3779b1;
  h = (h ^ (h >> 15) ^ <u32>i32x4.extract_lane(row, 1)) * 0x85ebca6b;
  h = (h ^ (h >> 13) ^ <u32>i32x4.extract_lane(row, 2)) * 0xc2b2ae35;
  h = (h ^ (h >> 16) ^ <u32>i32x4.extract_lane(row, 3)) * 0x9e3779b1;
  const mask: u32 = (1 << joinSlotBits) - 1;
  let slot = (h >> (32 - joinSlotBits)) & mask;
  while (true) {
    const at = joinSlots + (<usize>slot << 2);
    const entry = load<u32>(at);
    if (entry == 0) {
      if (joinedCount == joinedMax) return FULL;
      v128.store(joined + (<usize>joinedCount << 4), row);
      joinedCount++;
      store<u32>(at, joinedCount);
      return rowCount + joinedCount - 1;
    }
    if (i32x4.all_true(i32x4.eq(v128.load(joined + (<usize>(entry - 1) << 4)), row))) return rowCount + entry - 1;
    slot = (slot + 1) & mask;
  }
  return FULL;
}

export function forgetJoined(): void {
  joinedCount = 0;
  memory.fill(joinSlots, 0, <usize>4 << joinSlotBits);
}

/** Address of a row's 16 bytes, or 0 when there is no such row. */
export function rowAddress(id: u32): usize {
  if (id < rowCount) return rows + (<usize>id << 4);
  return id - rowCount < joinedCount ? joined + (<usize>(id - rowCount) << 4) : 0;
}
