import { drawLines } from '../src/report/chart.ts'
import type { ViewerData } from '../src/report/layers.ts'
import { render } from '../src/report/markup.ts'
import { numberText, quantityText, unitText } from '../src/report/text.ts'
import { type Canvas, openCanvas } from './canvas.ts'
import { dataOf, element } from './element.ts'
import { type Answer, answers } from './sample.ts'

/** Pictures that are kept open at once: a browser gives a page some sixteen contexts, and takes the oldest away. */
const MOST_OPEN = 6

/** Start each viewer of the page when it comes near the window; the oldest ones close where there are many. */
export function startViewers(): void {
  const open: { readonly place: Element; readonly close: () => void }[] = []
  const watcher = new IntersectionObserver(
    entries => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting || open.some(({ place }) => place === target)) continue
        const close = startViewer(target as HTMLElement)
        if (close === null) continue
        open.push({ place: target, close })
        if (open.length > MOST_OPEN) open.shift()?.close()
      }
    },
    { rootMargin: '400px' },
  )
  for (const place of document.querySelectorAll<HTMLElement>('[data-viewer]')) watcher.observe(place)
}

/** Builds a viewer into its place. @returns how to close it; null where its data are not there */
function startViewer(place: HTMLElement): (() => void) | null {
  const data = dataOf<ViewerData>(place.dataset['viewer'] ?? '')
  if (!data) return null
  const answer = answers(data.sample)
  const canvas = element('canvas', {
    tabindex: '0',
    role: 'application',
    'aria-label': `${data.title}: click a voxel, or move the cross with the arrow keys and page up and down.`,
  })
  const readout = element('div', { class: 'readout', 'aria-live': 'polite' }, hint())
  const controls = element('div', { class: 'controls' })
  const stage = element('div', { class: 'stage' }, element('div', { class: 'canvas' }, canvas), readout)
  place.replaceChildren(controls, stage)
  const ready = openCanvas(canvas, data, where => readout.replaceChildren(...described(data, answer(where)))).then(
    async picture => {
      controls.append(...controlsOf(data, picture))
      listen(canvas, picture)
      await picture.show(data.layers.length > 1 ? 0 : null)
      place.dataset['ready'] = 'yes'
      return picture
    },
    () => {
      stage.replaceChildren(
        element(
          'p',
          {},
          'This browser cannot draw in three dimensions (WebGL 2): the figures of this page show the maps.',
        ),
      )
      return null
    },
  )
  return () => {
    void ready.then(picture => picture?.close())
    delete place.dataset['ready']
    const again = element('button', { type: 'button' }, 'Show the viewer again')
    again.addEventListener('click', () => startViewer(place))
    place.replaceChildren(again)
  }
}

function hint(): HTMLElement {
  return element('p', { class: 'muted' }, 'Click a voxel to see what was measured there and what was fitted to it.')
}

function controlsOf({ layers }: ViewerData, picture: Canvas): HTMLElement[] {
  const map = element('select')
  map.append(...layers.slice(1).map(({ label }, at) => element('option', { value: String(at) }, label)))
  map.append(element('option', { value: '' }, 'no map, the image alone'))
  const window = element('span', { class: 'muted' })
  const told = () => {
    const layer = map.value === '' ? undefined : layers[Number(map.value) + 1]
    window.textContent = layer
      ? `window ${numberText(layer.window[0], 3)} to ${quantityText(layer.window[1], layer.unit, 3)}`
      : ''
  }
  map.addEventListener('change', () => {
    told()
    void picture.show(map.value === '' ? null : Number(map.value))
  })
  told()
  const opacity = element('input', { type: 'range', min: '0', max: '1', step: '0.05', value: '0.8' })
  opacity.addEventListener('input', () => picture.opacity(Number(opacity.value)))
  const planes = element('input', { type: 'checkbox', checked: '' })
  planes.addEventListener('change', () => picture.planes(planes.checked))
  return [
    element('label', {}, 'Map ', map),
    window,
    element('label', {}, 'Opacity ', opacity),
    element('label', {}, planes, ' three planes'),
  ]
}

const KEYS: Readonly<Record<string, readonly [number, number, number]>> = {
  ArrowLeft: [1, 0, 0],
  ArrowRight: [-1, 0, 0],
  ArrowUp: [0, 1, 0],
  ArrowDown: [0, -1, 0],
  PageUp: [0, 0, 1],
  PageDown: [0, 0, -1],
}

function listen(canvas: HTMLCanvasElement, picture: Canvas): void {
  canvas.addEventListener(
    'keydown',
    event => {
      const step = KEYS[event.key]
      if (!step) return
      event.preventDefault()
      event.stopImmediatePropagation()
      picture.move(...step)
    },
    { capture: true },
  )
  // The wheel is for the page, not for the slices: who scrolls past must not lose the place.
  canvas.addEventListener('wheel', event => event.stopImmediatePropagation(), { capture: true })
}

function described({ sample }: ViewerData, { index, away, parameters, curves }: Answer): HTMLElement[] {
  const near = away > 0.75 * Math.hypot(sample.affine[0] ?? 0, sample.affine[4] ?? 0, sample.affine[8] ?? 0)
  const where = `Voxel ${index.join(', ')}${near ? `, the nearest that is kept, ${numberText(away, 2)} mm away` : ''}`
  const rows = parameters.map(({ label, unit, value, sd }) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, label),
      element('td', { class: 'number' }, Number.isFinite(value) ? numberText(value) : 'no estimate'),
      element('td', { class: 'number' }, sd !== null && Number.isFinite(sd) ? `± ${numberText(sd, 2)}` : ''),
      element('td', {}, unitText(unit)),
    ),
  )
  const parts: HTMLElement[] = [element('p', {}, element('strong', {}, where))]
  if (sample.curves && curves) {
    const drawn = drawLines({
      kind: 'lines',
      id: 'voxel',
      title: where,
      caption: '',
      x: sample.curves.x,
      y: sample.curves.y,
      series: [
        { label: 'measured', values: curves.measured, points: true },
        ...(curves.fitted.some(value => value !== null) ? [{ label: 'fitted', values: curves.fitted }] : []),
      ],
    })
    const chart = element('div', { class: 'curve' })
    chart.innerHTML = render(drawn.svg)
    parts.push(chart)
  }
  parts.push(element('div', { class: 'scroll' }, element('table', {}, element('tbody', {}, ...rows))))
  return parts
}
