import { decode } from 'fast-png'
import type { Grid } from '../../src/image/volume.ts'

/** The first picture embedded in a drawing, as indices of its palette. */
export function pictureOf(svg: string) {
  const base64 = /data:image\/png;base64,([A-Za-z0-9+/=]+)/.exec(svg)?.[1]
  if (base64 === undefined) throw new Error('no picture in the drawing')
  const { width, height, data, palette } = decode(Buffer.from(base64, 'base64'))
  if (palette === undefined) throw new Error('the picture has no palette')
  const find = (index: number) => {
    const at = data.indexOf(index)
    return at < 0 ? null : { x: at % width, y: Math.floor(at / width) }
  }
  return { width, height, data: Array.from(data), palette, find }
}

/** Every element of a piece of markup that we wrote: its name and attributes. It throws where tags do not close. */
export function elementsOf(markup: string): { name: string; attributes: Map<string, string>; text: string }[] {
  const open: string[] = []
  const found: { name: string; attributes: Map<string, string>; text: string }[] = []
  const body = markup
    .replace(/<style>[\s\S]*?<\/style>/, '<style></style>')
    .replaceAll(/<script([^>]*)>[\s\S]*?<\/script>/g, '<script$1></script>')
    .replace('<!doctype html>', '')
  for (const match of body.matchAll(
    /<(\/?)([a-zA-Z][a-zA-Z0-9]*)((?:\s+[^\s=<>"]+(?:="[^"<>]*")?)*)\s*(\/?)>([^<]*)|<|>/g,
  )) {
    const [whole, closing, name, attributes, empty, text] = match
    if (name === undefined)
      throw new Error(`a stray ${whole} near ${body.slice(Math.max(0, match.index - 60), match.index + 60)}`)
    if (closing === '/') {
      if (open.pop() !== name)
        throw new Error(`</${name}> closes another element near ${body.slice(match.index - 60, match.index + 20)}`)
      continue
    }
    const pairs = [...(attributes ?? '').matchAll(/([^\s=]+)(?:="([^"]*)")?/g)].map(
      ([, key, value]) => [key ?? '', value ?? ''] as const,
    )
    found.push({ name, attributes: new Map(pairs), text: text ?? '' })
    if (empty !== '/' && !['meta', 'br', 'wbr'].includes(name)) open.push(name)
  }
  if (open.length > 0) throw new Error(`not closed: ${open.join(', ')}`)
  return found
}

/** All 48 ways in which an array can lie along the axes of the scanner: order of the axes and their directions. */
export function orientations(size: readonly [number, number, number], spacing: readonly [number, number, number]) {
  const orders = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ] as const
  return orders.flatMap(order =>
    [0, 1, 2, 3, 4, 5, 6, 7].map(flips => {
      // Axis a of the array lies along axis order[a] of the scanner.
      const signs = [0, 1, 2].map(axis => ((flips >> axis) & 1 ? -1 : 1))
      const shape = order.map(world => size[world]!)
      const affine = new Array<number>(12).fill(0)
      order.forEach((world, axis) => {
        affine[4 * world + axis] = signs[axis]! * spacing[world]!
        affine[4 * world + 3] = signs[axis]! < 0 ? (size[world]! - 1) * spacing[world]! : 0
      })
      const grid: Grid = { shape: [shape[0]!, shape[1]!, shape[2]!], affine }
      /** Array index of the voxel at steps towards right, front and head from the corner at left, back and foot. */
      const voxel = (right: number, front: number, head: number) => {
        const steps = [right, front, head]
        const index = order.map((world, axis) => (signs[axis]! < 0 ? size[world]! - 1 - steps[world]! : steps[world]!))
        return index[0]! + shape[0]! * (index[1]! + shape[1]! * index[2]!)
      }
      return { name: `${order.join('')} ${signs.join(' ')}`, grid, voxel }
    }),
  )
}
