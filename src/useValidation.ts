import { useEffect, useState } from 'react';
import { type AndonDataSource, type Language } from './datasource';
import { type Validation } from './types';

/** How long nobody must have typed before the back end is asked, in milliseconds. */
export const validationDelay = 400;

/**
 * Returns what is wrong with an expression as it stands; undefined if nothing is, or if it is not known yet. A back
 * end that does not answer is no fault of the expression: running the query will tell.
 */
export function useValidation(
  datasource: AndonDataSource,
  expr: string,
  language: Language
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
