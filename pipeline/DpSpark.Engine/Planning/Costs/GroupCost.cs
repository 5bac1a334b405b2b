using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning.Costs;

/// <summary>What one mechanism of a plan costs, as composition sees it. The kinds are closed: every one has an explicit branch in <see cref="PlanComposition"/>.</summary>
internal abstract record GroupCost;

/// <summary>Laplace noise on numbers of which one unit changes some per partition.</summary>
/// <param name="Epsilon">l1 / scale for all of a unit's partitions together.</param>
/// <param name="ByUnits">Whether a unit changes every partition alike; otherwise its rows do.</param>
/// <param name="Units">Change in one partition in units of the noise's grid: fewer units make the loss coarser.</param>
internal sealed record LaplaceCost(double Epsilon, bool ByUnits, double Units) : GroupCost;

/// <summary>Gaussian noise on numbers of which one unit changes some per partition.</summary>
/// <param name="MuSquared">l2² / sigma² for all of a unit's partitions together.</param>
/// <param name="ByUnits">Whether a unit changes every partition alike; otherwise its rows do.</param>
internal sealed record GaussianCost(double MuSquared, bool ByUnits) : GroupCost;

/// <summary>Gaussian noise on weights: a unit in k partitions changes each by at most 1/sqrt(k), so its l2 norm is 1 for every k.</summary>
/// <param name="MuSquared">1 / sigma².</param>
internal sealed record WeightedCost(double MuSquared) : GroupCost;

/// <summary>A table of chances, used once per partition of the unit.</summary>
/// <param name="Epsilon">epsilon0 of one use.</param>
/// <param name="Delta">delta0 of one use.</param>
/// <param name="AllEpsilon">Epsilon of all uses together, by basic or by optimal composition.</param>
/// <param name="AllDelta">Delta of all uses together at that epsilon.</param>
internal sealed record TableCost(double Epsilon, double Delta, double AllEpsilon, double AllDelta) : GroupCost;

/// <summary>Counts of a first pass, of which one unit changes some by one, whatever its partitions; Laplace noise of its own on each.</summary>
/// <param name="Epsilon">1 / scale.</param>
/// <param name="Changes">Counts that a unit changes.</param>
internal sealed record ProfileCost(double Epsilon, int Changes) : GroupCost;

/// <summary>A choice of keys in rounds, whatever the unit's partitions.</summary>
/// <param name="Epsilon">Of one round.</param>
/// <param name="Rounds">Rounds.</param>
/// <param name="IsBoundedRange">Whether a round is an exponential mechanism, of bounded range; otherwise it is permute-and-flip.</param>
/// <param name="AllEpsilon">Epsilon of all rounds together where costs are added.</param>
/// <param name="AllDelta">Delta of all rounds together at that epsilon.</param>
internal sealed record ChoiceCost(double Epsilon, int Rounds, bool IsBoundedRange, double AllEpsilon, double AllDelta) : GroupCost;
