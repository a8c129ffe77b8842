import { css } from '@emotion/css';
import { type DataFrame, type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { progressOf } from '../live';

/** How much of the logs has been read, while an answer is on its way. It has its place even while there is none. */
export function Progress({ frames }: { frames?: DataFrame[] }) {
  const styles = useStyles2(getStyles);
  const progress = progressOf(frames);
  const under = progress !== undefined && progress < 1;
  return (
    <div className={styles.place}>
      {under && (
        <div
          role="progressbar"
          aria-label="Logs read"
          aria-valuenow={Math.round(100 * progress)}
          aria-valuemin={0}
          aria-valuemax={100}
          className={styles.bar}
          style={{ width: `${100 * progress}%` }}
        />
      )}
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  place: css({ height: 2, overflow: 'hidden' }),
  bar: css({ height: '100%', background: theme.colors.primary.main }),
});
