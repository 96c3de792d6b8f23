/**
 * The edge of a mask as an SVG path along the borders of its voxels: where the mask ends, and not a smooth guess.
 *
 * @param inside - whether a voxel is in the mask; asked for columns and rows within the picture only
 * @param columns - voxels across
 * @param rows - voxels down
 * @param left - where the first column begins [voxel]
 * @param top - where the first row begins [voxel]
 * @returns path data in voxels; neighbouring edges are one line
 */
export function outlinePath(
  inside: (column: number, row: number) => boolean,
  columns: number,
  rows: number,
  left: number,
  top: number,
): string {
  const at = (column: number, row: number) =>
    column >= 0 && row >= 0 && column < columns && row < rows && inside(column, row)
  const across = runs(rows, columns, (row, column) => at(column, row - 1) !== at(column, row))
  const down = runs(columns, rows, (column, row) => at(column - 1, row) !== at(column, row))
  return [
    ...across.map(([row, from, length]) => `M${left + from} ${top + row}h${length}`),
    ...down.map(([column, from, length]) => `M${left + column} ${top + from}v${length}`),
  ].join('')
}

/** Stretches of edge on each grid line: line, where it begins, how long it is. */
function runs(lines: number, length: number, edge: (line: number, at: number) => boolean): [number, number, number][] {
  const found: [number, number, number][] = []
  for (let line = 0; line <= lines; line++) {
    let from = -1
    for (let at = 0; at <= length; at++) {
      const on = at < length && edge(line, at)
      if (on && from < 0) from = at
      if (!on && from >= 0) {
        found.push([line, from, at - from])
        from = -1
      }
    }
  }
  return found
}
