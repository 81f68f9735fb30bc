/**
 * Waits for both, also when one fails, so that nothing goes on in the background after a failure was told.
 * @throws the first failure in the order given
 */
export async function settleBoth<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second]);
  return [await first, await second];
}
