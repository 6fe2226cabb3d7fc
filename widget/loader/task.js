// Tasks: a browser paints and hears its visitor between them.

/** The next one. It comes soon: before what has less haste, such as the next frame, where the browser knows how. */
export const nextTask = () => globalThis.scheduler?.yield?.() ?? new Promise((done) => setTimeout(done));
