using DpSpark.Core.Parameters;

namespace DpSpark.Engine.Planning.Costs;

/// <summary>Mechanisms that run before those of a plan and are composed with them: the plan then keeps the budget of all.</summary>
/// <remarks>
/// Their parameters, and the pair that dominates the plan, are the same whatever they put out, so composition of dominating pairs applies (docs/proofs/automatic-bounds.md, top-k.md).
/// Only the loss accountant looks at them: where rho adds up, or epsilons do, what they cost is taken out of the request's total before.
/// </remarks>
/// <param name="Epsilon">Epsilon of all together.</param>
/// <param name="Delta">Delta of all together.</param>
/// <param name="Costs">The earlier mechanisms.</param>
internal sealed record EarlierCosts(ExactDecimal Epsilon, ExactDecimal Delta, IReadOnlyList<GroupCost> Costs);
