import type { RatingSubject } from '../src/report/rating.ts'
import { dataOf, element } from './element.ts'

/** Build the rating of each run into its place: a form whose answer is saved as a file. */
export function startRatings(): void {
  for (const place of document.querySelectorAll<HTMLElement>('[data-rating]')) {
    const subject = dataOf<RatingSubject>(place.dataset['rating'] ?? '')
    if (subject) place.replaceChildren(formOf(subject, place.dataset['rating'] ?? ''))
  }
}

function formOf({ file, reasons, rating }: RatingSubject, id: string): HTMLElement {
  const choice = (value: string, words: string) => {
    const input = element('input', { type: 'radio', name: `${id}-choice`, value, required: '' })
    return { input, label: element('label', {}, input, ` ${words}`) }
  }
  const accept = choice('accept', 'accept')
  const exclude = choice('exclude', 'exclude from the group')
  const boxes = reasons.map(({ id: value, label }) => {
    const input = element('input', { type: 'checkbox', value })
    return { input, label: element('label', {}, input, ` ${label}`) }
  })
  const notes = element('textarea', { rows: '3', 'aria-label': 'Notes' })
  const rater = element('input', { type: 'text', autocomplete: 'off' })
  const said = element('p', { class: 'muted', 'aria-live': 'polite' })
  const save = element('button', { type: 'submit' }, 'Save the rating as a file')
  const form = element(
    'form',
    { class: 'rating' },
    element('fieldset', {}, element('legend', {}, 'Verdict'), accept.label, exclude.label),
    element('fieldset', {}, element('legend', {}, 'Reasons'), ...boxes.map(({ label }) => label)),
    element('label', { class: 'block' }, 'Notes', notes),
    element('label', { class: 'block' }, 'Rater', rater),
    save,
    said,
  )
  form.addEventListener('submit', event => {
    event.preventDefault()
    const content = {
      ...rating,
      Rating: exclude.input.checked ? 'exclude' : 'accept',
      Reasons: boxes.filter(({ input }) => input.checked).map(({ input }) => input.value),
      Notes: notes.value,
      Rater: rater.value,
    }
    const address = URL.createObjectURL(
      new Blob([`${JSON.stringify(content, null, 2)}\n`], { type: 'application/json' }),
    )
    const link = element('a', { href: address, download: file })
    link.click()
    setTimeout(() => URL.revokeObjectURL(address), 60_000)
    said.textContent = `Saved as ${file}: put it into the output folder, and the group level reads it.`
  })
  return form
}
