/** The chunks of a source until the signal fires, also while the source has nothing to give. */
export async function* untilAborted(chunks: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const source = chunks[Symbol.asyncIterator]();
  let wake = (_: undefined) => {};
  const stop = () => wake(undefined);
  signal.addEventListener("abort", stop, { once: true });
  try {
    while (!signal.aborted) {
      // A promise for each chunk: a race against one that outlives them all would keep every chunk in memory.
      const next = await new Promise<IteratorResult<Uint8Array> | undefined>((resolve, reject) => {
        wake = resolve;
        source.next().then(resolve, reject);
      });
      if (next === undefined || next.done === true) break;
      yield next.value;
    }
  } finally {
    signal.removeEventListener("abort", stop);
    const closed = source.return?.();
    // A source that waits for bytes answers nobody until they come.
    if (signal.aborted) closed?.catch(() => {});
    else await closed;
  }
}
