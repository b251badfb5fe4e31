"""Features, training sets, scores and indicators of a Riskgraph server as pandas data frames."""

from .client import Riskgraph
from .errors import RiskgraphError
from .frames import Decimals
from .jobs import Job
from .spines import LabelSpine, Spine
from .training_sets import TrainingSet

__all__ = ["Decimals", "Job", "LabelSpine", "Riskgraph", "RiskgraphError", "Spine", "TrainingSet"]
