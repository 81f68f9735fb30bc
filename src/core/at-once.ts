/** For p-map: how many things are done at once. A cluster gets no more requests than that at the same time. */
export const atOnce = { concurrency: 10 } as const;
