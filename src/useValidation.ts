import { useEffect, useState } from 'react';
import { type AndonDataSource } from './datasource';
import { type QueryLanguage, type Validation } from './types';

/** How long after the last key the back end is asked, in milliseconds. */
export const validationDelay = 400;

/**
 * Returns the mistake in an expression; undefined if it has none, if it is not checked yet, or if the back end does
 * not answer: then running the query will show what is wrong.
 */
export function useValidation(
  datasource: AndonDataSource,
  expr: string,
  language: QueryLanguage
): Validation | undefined {
  const [checked, setChecked] = useState<{ expr: string; answer: Validation }>();

  useEffect(() => {
    if (!expr.trim()) {
      return;
    }
    let current = true;
    const timer = setTimeout(() => {
      datasource.validate(expr, language).then(
        (answer) => current && setChecked({ expr, answer }),
        () => {}
      );
    }, validationDelay);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [datasource, expr, language]);

  return checked?.expr === expr && checked.answer.error ? checked.answer : undefined;
}
