import { useEffect, useState } from 'react';

export interface Answer<T> {
  value?: T;
  error?: string;
  /** Whether what is shown belongs to what was asked before. */
  loading: boolean;
}

/**
 * Asks anew when key changes, once that has been still for delay milliseconds; an empty key asks nothing. The last
 * answer stays until the next one is there, so that nothing flickers.
 */
export function useAnswer<T>(ask: () => Promise<T>, key: string, delay = 0): Answer<T> {
  const [answered, setAnswered] = useState<{ key: string; value?: T; error?: string }>({ key: '' });

  useEffect(() => {
    if (!key) {
      return;
    }
    let current = true;
    const timer = setTimeout(() => {
      ask().then(
        (value) => current && setAnswered({ key, value }),
        (e) => current && setAnswered({ key, error: messageOf(e) })
      );
    }, delay);
    return () => {
      current = false;
      clearTimeout(timer);
    };
    // What is asked is a function of key.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key, delay]);

  return key ? { ...answered, loading: answered.key !== key } : { loading: false };
}

/** What went wrong, for people: the back end's own words where it has some. */
export function messageOf(e: unknown): string {
  const { data, message, statusText } = (e ?? {}) as {
    data?: { error?: string; message?: string };
    message?: string;
    statusText?: string;
  };
  return data?.error || data?.message || message || statusText || 'no answer';
}
