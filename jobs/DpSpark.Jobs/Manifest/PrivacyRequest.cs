using DpSpark.Core.Parameters;
using DpSpark.Engine.Planning;

namespace DpSpark.Jobs.Manifest;

/// <summary>What the section <c>privacy</c> says.</summary>
/// <param name="Epsilon">Total epsilon; with <paramref name="Rho"/> what that is at <paramref name="Delta"/>.</param>
/// <param name="Delta">Total delta.</param>
/// <param name="Rho">Total rho, or null.</param>
/// <param name="Noise">Which noise.</param>
/// <param name="Accountant">Which accountant.</param>
/// <param name="Adjacency">Which data sets the guarantee compares.</param>
internal sealed record PrivacyRequest(ExactDecimal Epsilon, ExactDecimal Delta, ExactDecimal? Rho, NoiseChoice Noise, AccountantChoice Accountant, NeighbouringRelation Adjacency);
