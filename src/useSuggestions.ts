import { type ComboboxOption } from '@grafana/ui';
import { useRef } from 'react';

type Options = Array<ComboboxOption<string>>;

/**
 * Options for a combobox: loaded when it is first opened, again when key changes, and narrowed as one types. What
 * cannot be loaded suggests nothing; a value can still be written.
 */
export function useSuggestions(
  load: () => Promise<string[]>,
  key: string
): (typed: string) => Promise<Options> {
  const loaded = useRef<{ key: string; values: Promise<string[]> }>(undefined);
  return async (typed) => {
    if (loaded.current?.key !== key) {
      loaded.current = { key, values: load().catch(() => []) };
    }
    const values = await loaded.current.values;
    const wanted = typed.toLowerCase();
    return values.filter((v) => v.toLowerCase().includes(wanted)).map((value) => ({ value }));
  };
}
