/** What people read of a choice. */
interface OptionText {
  label: string;
  description?: string;
}

/** The options of a picker, in the order of texts. The type of texts is a record, so that no word can be forgotten. */
export function toOptions<T extends string>(texts: Record<T, OptionText>): Array<OptionText & { value: T }> {
  return Object.entries<OptionText>(texts).map(([value, text]) => ({ value: value as T, ...text }));
}
