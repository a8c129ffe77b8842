import { EditorRow } from '@grafana/plugin-ui';
import { type Part } from '../useEditing';
import { ExprField, type ExprProps } from './ExprField';
import { ServicePicker } from './ServicePicker';

type Props = Part & Pick<ExprProps, 'language' | 'label' | 'placeholder' | 'hint' | 'lines'>;

/** The expression of a query: picked from the signals of a service, or written. */
export function QuestionRow({ language, label, placeholder, hint, lines, ...part }: Props) {
  const { query, edit, settle, run } = part.editing;
  return (
    <EditorRow>
      {query.editor === 'builder' ? (
        <ServicePicker {...part} />
      ) : (
        <ExprField
          datasource={part.datasource}
          language={language}
          label={label}
          testId="andon-expr"
          value={query.expr}
          placeholder={placeholder}
          hint={hint}
          lines={lines}
          onChange={(expr) => edit({ expr })}
          onBlur={settle}
          onRun={run}
        />
      )}
    </EditorRow>
  );
}
