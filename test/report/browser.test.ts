import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newFolder, perfquant } from '../run/harness.ts'

/** The pages as a reader sees them, in a browser without a network, away from the files that they were made from. */

const CHROMIUM = '/usr/bin/chromium'
const isThere = existsSync(CHROMIUM)
if (!isThere) console.warn("SKIPPED: the pages in a browser need 'apt-get install chromium'")

const KINDS = ['asl', 'dsc', 'dce', 'ivim']
/** The parts that a chapter has whatever the technique. */
const PARTS = [
  'stage',
  'problems',
  'acquisition',
  'protocol',
  'equation',
  'quality',
  'mask',
  'curves',
  'maps',
  'histograms',
  'reliability',
  'voxels',
]
const LAST = ['methods', 'reproducibility', 'rating']

let browser: Browser
const folder = isThere ? newFolder('browser') : ''
const moved = join(folder, 'moved')

beforeAll(async () => {
  if (!isThere) return
  const [data, out] = [join(folder, 'data'), join(folder, 'out')]
  perfquant('simulate', data, '--subjects', '1')
  const ran = perfquant(data, out, 'participant', 'group')
  if (ran.code !== 0) throw new Error(ran.err)
  mkdirSync(moved)
  for (const name of ['sub-01.html', 'group.html']) copyFileSync(join(out, name), join(moved, name))
  // Software rendering: the machine that runs the tests need not have a screen.
  const args = ['--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--ignore-gpu-blocklist']
  browser = await chromium.launch({ executablePath: CHROMIUM, args })
})

afterAll(async () => {
  await browser?.close()
})

/** Opens a page; whatever it asks for beside itself, and whatever it complains of, is in the list. */
async function open(name: string, options: BrowserContextOptions = {}): Promise<{ page: Page; trouble: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1300, height: 900 }, offline: true, ...options })
  const page = await context.newPage()
  const trouble: string[] = []
  const address = pathToFileURL(join(moved, name)).href
  page.on('console', message => {
    if (['error', 'warning'].includes(message.type())) trouble.push(`console: ${message.text()}`)
  })
  page.on('pageerror', error => trouble.push(`page: ${error.message}`))
  page.on('request', request => {
    if (!/^(data|blob):/.test(request.url()) && request.url() !== address) trouble.push(`request: ${request.url()}`)
  })
  await page.goto(address)
  return { page, trouble }
}

/** Texts whose contrast with what lies behind them is under 4.5, and elements that a reader without eyes would miss. */
function faultsOf(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const faults: string[] = []
    const parse = (colour: string) => (/[\d.]+/g[Symbol.match](colour) ?? []).map(Number)
    const light = (channel: number) => {
      const c = channel / 255
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
    }
    const luminance = ([r = 0, g = 0, b = 0]: number[]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b)
    const behind = (element: Element | null): number[] => {
      for (let at = element; at; at = at.parentElement) {
        const colour = parse(getComputedStyle(at).backgroundColor)
        if (colour.length === 3 || (colour[3] ?? 0) > 0) return colour
      }
      return [255, 255, 255]
    }
    for (const element of document.querySelectorAll('body *')) {
      if (element.closest('svg, canvas, script, noscript')) continue
      const own = [...element.childNodes].some(node => node.nodeType === 3 && (node.textContent ?? '').trim() !== '')
      if (!own) continue
      const pair = [luminance(parse(getComputedStyle(element).color)), luminance(behind(element))].sort((a, b) => b - a)
      const ratio = ((pair[0] ?? 0) + 0.05) / ((pair[1] ?? 0) + 0.05)
      if (ratio < 4.5) faults.push(`contrast ${ratio.toFixed(2)}: ${element.textContent?.slice(0, 40)}`)
    }
    for (const image of document.querySelectorAll('img')) if (!image.alt) faults.push('an image without alt')
    for (const drawing of document.querySelectorAll('svg')) {
      const isHidden = drawing.closest('[aria-hidden=true]') !== null
      if (!isHidden && (drawing.getAttribute('aria-label') ?? '').length < 30) faults.push('a drawing without words')
    }
    for (const figure of document.querySelectorAll('figure'))
      if (!figure.querySelector('figcaption')?.textContent?.trim()) faults.push('a figure without a caption')
    const levels = [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map(({ tagName }) => Number(tagName[1]))
    if (levels.filter(level => level === 1).length !== 1) faults.push('not one h1')
    for (const [at, level] of levels.entries())
      if (level > (levels[at - 1] ?? 0) + 1) faults.push(`h${level} skips a level`)
    for (const field of document.querySelectorAll<HTMLInputElement>('input, select, textarea'))
      if (!field.labels?.length && !field.getAttribute('aria-label')) faults.push('a field without a label')
    return faults
  })
}

describe.skipIf(!isThere)("a participant's page in a browser", () => {
  it('asks for nothing, complains of nothing, and shows every part of every technique', async () => {
    const { page, trouble } = await open('sub-01.html')
    const chapters = await page.evaluate(() =>
      [...document.querySelectorAll('section.run')].map(chapter => ({
        label: chapter.querySelector('h2')?.textContent ?? '',
        parts: [...chapter.querySelectorAll('h3')].map(({ id }) => id.replace(/^run-\d+-/, '')),
      })),
    )
    for (const kind of KINDS) {
      const chapter = chapters.find(({ label }) => label.endsWith(` ${kind}`))
      expect(chapter?.parts, kind).toEqual(expect.arrayContaining([...PARTS, ...LAST]))
    }
    expect(await faultsOf(page)).toEqual([])
    expect(trouble).toEqual([])
    await page.context().close()
  })

  it('answers a click with what was measured, what was fitted, and the parameters', async () => {
    const { page, trouble } = await open('sub-01.html')
    // Tissues have maps and no curves.
    const chapters = await page.$$('section.run')
    const viewers = []
    for (const chapter of chapters) {
      const label = await chapter.evaluate(element => element.querySelector('h2')?.textContent ?? '')
      const viewer = await chapter.$('[data-viewer]')
      if (viewer && [...KINDS, 'vfa'].some(kind => label.endsWith(` ${kind}`))) viewers.push(viewer)
    }
    expect(viewers.length).toBeGreaterThan(KINDS.length)
    for (const viewer of viewers) {
      await viewer.scrollIntoViewIfNeeded()
      await page.waitForFunction(
        element => element instanceof HTMLElement && element.dataset['ready'] === 'yes',
        viewer,
        { timeout: 30_000 },
      )
      const canvas = await viewer.$('canvas')
      const box = await canvas?.boundingBox()
      if (!canvas || !box) throw new Error('the viewer has no picture')
      // Something is drawn: the picture is not of one colour.
      expect(new Set((await canvas.screenshot()).subarray(200)).size).toBeGreaterThan(200)
      await page.mouse.click(box.x + 0.2 * box.width, box.y + 0.45 * box.height)
      await page.waitForFunction(element => element.querySelector('.curve svg') !== null, viewer)
      const [measured, fitted, rows] = await viewer.evaluate(element => [
        element.querySelectorAll('.curve svg circle').length,
        element.querySelectorAll('.curve svg path[stroke-linejoin]').length,
        element.querySelectorAll('.readout tbody tr').length,
      ])
      expect(measured).toBeGreaterThan(3)
      expect(fitted).toBe(1)
      expect(rows).toBeGreaterThan(0)
      const first = await viewer.evaluate(element => element.querySelector('.readout strong')?.textContent)
      await canvas.focus()
      for (let step = 0; step < 6; step++) await page.keyboard.press('ArrowUp')
      await page.waitForFunction(
        ([element, words]) =>
          element instanceof Element && element.querySelector('.readout strong')?.textContent !== words,
        [viewer, first] as const,
      )
    }
    expect(await faultsOf(page)).toEqual([])
    expect(trouble).toEqual([])
    await page.context().close()
  })

  it('saves a rating as a file that the group level reads', async () => {
    const { page, trouble } = await open('sub-01.html')
    const form = page.locator('form.rating').first()
    await form.getByLabel('exclude').check()
    await form.getByLabel('motion').check()
    await form.getByLabel('Notes', { exact: true }).fill('head moved')
    const [download] = await Promise.all([page.waitForEvent('download'), form.getByRole('button').click()])
    expect(download.suggestedFilename()).toMatch(/^sub-01\w*_desc-rating_\w+\.json$/)
    expect(JSON.parse(readFileSync((await download.path()) ?? '', 'utf8'))).toMatchObject({
      BidsName: download.suggestedFilename().replace('_desc-rating', '').replace('.json', ''),
      Rating: 'exclude',
      Reasons: ['motion'],
      Notes: 'head moved',
    })
    expect(trouble).toEqual([])
    await page.context().close()
  })

  it('is complete without scripts', async () => {
    const [on, off] = [await open('sub-01.html'), await open('sub-01.html', { javaScriptEnabled: false })]
    const outline = (page: Page) => page.locator('h1, h2, h3, figcaption').allTextContents()
    expect(await outline(off.page)).toEqual(await outline(on.page))
    expect(await off.page.getByText('This part needs scripts').first().isVisible()).toBe(true)
    expect(off.trouble).toEqual([])
    await on.page.context().close()
    await off.page.context().close()
  })
})

describe.skipIf(!isThere)('the group page in a browser', () => {
  it('asks for nothing, complains of nothing, and leads to the page of a run', async () => {
    const { page, trouble } = await open('group.html')
    expect(await faultsOf(page)).toEqual([])
    expect(trouble).toEqual([])
    await page.locator('svg a').first().click()
    await page.waitForURL(/sub-01\.html/)
    await page.context().close()
  })
})
