// Package deviation puts the nodes of two cohorts side by side: it fetches their
// samples, cuts them into bins, and says how far each candidate node strays from
// control, in standard deviations of control. It knows nothing of evidence.
package deviation
