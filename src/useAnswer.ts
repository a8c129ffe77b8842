import { useEffect, useState } from 'react';

export interface Answer<T> {
  value?: T;
  error?: string;
  /** Whether the value belongs to an earlier key. */
  loading: boolean;
}

/**
 * Asks again when key changes, delay milliseconds after the last change; an empty key asks nothing. The last answer
 * stays until the next one arrives, so that nothing flickers.
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
    // The key stands for what is asked.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key, delay]);

  return key ? { ...answered, loading: answered.key !== key } : { loading: false };
}

/** The message of an error for people: the back end's if it has one. */
export function messageOf(e: unknown): string {
  const { data, message, statusText } = (e ?? {}) as {
    data?: { error?: string; message?: string };
    message?: string;
    statusText?: string;
  };
  return data?.error || data?.message || message || statusText || 'no answer';
}
