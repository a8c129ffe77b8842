import { type DataFrame } from '@grafana/data';
import { config } from '@grafana/runtime';
import { type ClusterClass, feedbackRoles, type Risk } from './types';

/** One row of a table of log clusters or crash signatures. */
export interface ClusterRow {
  id: string;
  template: string;
  class?: ClusterClass;
  /** Lines of candidate and of control. */
  candidate?: number;
  control?: number;
  /** What people said about it. */
  feedback?: Risk;
}

/** The log clusters or signatures in the answer to one query; empty if it has no table of them. */
export function clusterRows(frames: DataFrame[], refId: string): ClusterRow[] {
  return frames.filter((f) => (f.refId ?? refId) === refId).flatMap(rowsOf);
}

function rowsOf(frame: DataFrame): ClusterRow[] {
  const column = (name: string) => frame.fields.find((f) => f.name === name)?.values ?? [];
  const ids = column('cluster');
  const columns = {
    template: column('template').length > 0 ? column('template') : column('signature'),
    class: column('class'),
    candidate: column('candidate'),
    control: column('control'),
    feedback: column('feedback'),
  };
  if (columns.template.length === 0) {
    return [];
  }
  return Array.from(ids, (id, i) => ({
    id: `${id}`,
    template: `${columns.template[i]}`,
    class: columns.class[i] || undefined,
    candidate: columns.candidate[i] ?? undefined,
    control: columns.control[i] ?? undefined,
    feedback: columns.feedback[i] || undefined,
  }));
}

/** Whether the user's role may give feedback; the back end checks it again. */
export function mayGiveFeedback(): boolean {
  const { isGrafanaAdmin, orgRole } = config.bootData?.user ?? {};
  return Boolean(isGrafanaAdmin) || feedbackRoles.some((role) => role === orgRole);
}
