import { type ComboboxOption } from '@grafana/ui';
import { useRef } from 'react';

type Options = Array<ComboboxOption<string>>;

/**
 * The options of a combobox: loaded when it is first opened and when key changes, and filtered as one types. If they
 * cannot be loaded there are none, and a value can still be typed.
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
    const part = typed.toLowerCase();
    return values.filter((v) => v.toLowerCase().includes(part)).map((value) => ({ value }));
  };
}
