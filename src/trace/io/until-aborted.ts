/** The chunks of a source until the signal fires, also while the source has nothing to give. */
export async function* untilAborted(chunks: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const source = chunks[Symbol.asyncIterator]();
  let stop = () => {};
  const aborted = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    while (!signal.aborted) {
      const next = await Promise.race([source.next(), aborted]);
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
