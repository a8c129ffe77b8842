package andon

// Strategies lists the strategies.
var Strategies = []Strategy{Auto, Canary, Rolling, BlueGreen, RegionControl, BeforeAfter, LoadTest, Threshold}

// Layers lists the layers.
var Layers = []Layer{Infrastructure, Platform, Software}

// Sensitivities lists the sensitivities.
var Sensitivities = []Sensitivity{High, Medium, Low}

// Directions lists the directions.
var Directions = []Direction{Higher, Lower, Both}

// Families lists the families that a signal can name.
var Families = []Family{StartUpFamily}

// Decisions lists the decisions.
var Decisions = []Decision{Pass, Fail, Inconclusive}

// Qualities lists the qualities.
var Qualities = []Quality{OK, NoCandidateData, NoControlData, NoSeries, LowExposure, Stale, SourceError, Ambiguous}

// Risks lists the risks.
var Risks = []Risk{HighRisk, MediumRisk, NoRisk}

// Names of units that tell what a signal is. Any other name is shown as it is,
// and tells nothing.
var (
	bytesUnits = []string{"bytes", "decbytes"}
	timeUnits  = []string{"s", "ms", "seconds", "milliseconds"}
	ratioUnits = []string{"ratio", "percentunit", "percent", "%"}
)
