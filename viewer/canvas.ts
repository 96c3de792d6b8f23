import { Niivue, NVImage, SLICE_TYPE } from '@niivue/niivue'
import { gunzipSync } from 'fflate'
import type { ViewerData, ViewerLayer } from '../src/report/layers.ts'
import { bytes } from './sample.ts'

/** What the controls of a viewer can do with its picture. */
export interface Canvas {
  /** Show a map over the reference; null for the reference alone. */
  show(map: number | null): Promise<void>
  opacity(share: number): void
  /** Axial slices, or three planes. */
  planes(three: boolean): void
  /** Move the cross by whole voxels. */
  move(x: number, y: number, z: number): void
  close(): void
}

/** Blue to red by way of white, as the mosaics have it. */
const DIVERGING = {
  R: [5, 67, 247, 214, 103],
  G: [48, 147, 247, 96, 0],
  B: [97, 195, 247, 77, 31],
  A: [255, 255, 255, 255, 255],
  I: [0, 64, 128, 192, 255],
}
const COLOURS: Readonly<Record<ViewerLayer['colours'], string>> = {
  grey: 'gray',
  viridis: 'viridis',
  diverging: 'perfquant-diverging',
}

/**
 * Draws the layers of a viewer on a canvas.
 *
 * @param canvas - where
 * @param data - the layers
 * @param picked - told of every place that is clicked [mm]
 */
export async function openCanvas(
  canvas: HTMLCanvasElement,
  data: ViewerData,
  picked: (place: readonly [number, number, number]) => void,
): Promise<Canvas> {
  const niivue = new Niivue({
    logLevel: 'silent',
    loadingText: '',
    dragAndDropEnabled: false,
    backColor: [0, 0, 0, 1],
    crosshairColor: [1, 0.69, 0, 0.9],
    crosshairWidth: 0.3,
    crosshairWidthUnit: 'percent',
    isRadiologicalConvention: true,
    isNearestInterpolation: true,
    show3Dcrosshair: false,
    multiplanarShowRender: 0,
    isColorbar: false,
  })
  niivue.addColormap(COLOURS.diverging, DIVERGING)
  niivue.onLocationChange = location => {
    if (typeof location !== 'object' || location === null || !('mm' in location)) return
    const [x, y, z] = Array.from(location.mm as ArrayLike<number>)
    picked([x ?? 0, y ?? 0, z ?? 0])
  }
  await niivue.attachToCanvas(canvas)
  const image = (layer: ViewerLayer) => imageOf(layer, data)
  const [reference, ...maps] = data.layers
  if (!reference) throw new Error('a viewer has a reference')
  niivue.addVolume(await image(reference))
  niivue.setSliceType(SLICE_TYPE.MULTIPLANAR)
  let opacity = 0.8
  return {
    async show(at) {
      const [, earlier] = niivue.volumes
      if (earlier) niivue.removeVolume(earlier)
      const map = at === null ? undefined : maps[at]
      if (!map) return
      const volume = await image(map)
      volume.opacity = opacity
      niivue.addVolume(volume)
    },
    opacity(share) {
      opacity = share
      if (niivue.volumes.length > 1) niivue.setOpacity(1, share)
    },
    planes: three => niivue.setSliceType(three ? SLICE_TYPE.MULTIPLANAR : SLICE_TYPE.AXIAL),
    move: (x, y, z) => niivue.moveCrosshairInVox(x, y, z),
    close: () => canvas.getContext('webgl2')?.getExtension('WEBGL_lose_context')?.loseContext(),
  }
}

/** A layer as an image of the library: levels 1 to 255 span the window, 0 is transparent. */
function imageOf({ label, colours, levels }: ViewerLayer, { shape, spacing, affine }: ViewerData): Promise<NVImage> {
  const voxels = gunzipSync(new Uint8Array(bytes(levels)))
  const file = NVImage.createNiftiArray([...shape], [...spacing], [...affine], 2, voxels)
  const whole = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength)
  return NVImage.new(
    whole as ArrayBuffer,
    `${label}.nii`,
    COLOURS[colours],
    1,
    null,
    1,
    255,
    true,
    0,
    false,
    false,
    '',
    0,
    1,
    Number.NaN,
    Number.NaN,
    false,
    null,
    0,
    null,
  )
}
