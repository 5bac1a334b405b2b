using System.Numerics;
using DpSpark.Core.Numerics;
using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning;

/// <summary>What an audit gathers while it goes through a plan: the cost of every mechanism, the finest Gaussian noise, and what contradicts the claim.</summary>
internal sealed class AuditSpend
{
    /// <summary>What contradicts the plan's claim, each once.</summary>
    public List<string> Findings { get; } = [];

    /// <summary>The mechanisms' costs.</summary>
    public List<AuditCost> Costs { get; } = [];

    /// <summary>The smallest variance parameter of any Gaussian noise, in units of its grid squared; infinite without one.</summary>
    public double SmallestVariance { get; private set; } = double.PositiveInfinity;

    /// <summary>Notes a finding unless something holds.</summary>
    public void Require(bool holds, string finding)
    {
        if (!holds && !Findings.Contains(finding))
        {
            Findings.Add(finding);
        }
    }

    /// <summary>Notes that noise hides a change.</summary>
    /// <param name="noise">The noise.</param>
    /// <param name="l1">Largest change in l1, in units of the noise's grid.</param>
    /// <param name="l2Squared">Square of the largest change in l2.</param>
    /// <param name="byUnits">Whether the change comes from a unit's presence in partitions, not from its rows.</param>
    /// <param name="perPartition">Largest change in one partition.</param>
    public void Spend(NoiseSpec noise, BigInteger l1, BigInteger l2Squared, bool byUnits, BigInteger perPartition)
    {
        if (noise.Numerator.Sign <= 0 || noise.Denominator.Sign <= 0)
        {
            Findings.Add("A noise parameter is not positive.");
        }
        else if (noise.Kind == NoiseKind.DiscreteLaplace)
        {
            Costs.Add(AuditCost.Laplace(Rational.From(l1) * new Rational(noise.Denominator, noise.Numerator), byUnits, perPartition));
        }
        else if (noise.Kind != NoiseKind.DiscreteGaussian)
        {
            Findings.Add("The audit does not know a noise family.");
        }
        else
        {
            Costs.Add(AuditCost.Gaussian(Rational.From(l2Squared) * new Rational(noise.Denominator, noise.Numerator), byUnits));
            NoteVariance(noise);
        }
    }

    /// <summary>Notes the variance of Gaussian noise that is paid for elsewhere.</summary>
    public void NoteVariance(NoiseSpec noise)
    {
        if (noise.Kind == NoiseKind.DiscreteGaussian && noise.Numerator.Sign > 0 && noise.Denominator.Sign > 0)
        {
            SmallestVariance = Math.Min(SmallestVariance, Rounding.Nearest(noise.Numerator, noise.Denominator));
        }
    }
}
