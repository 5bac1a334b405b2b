namespace DpSpark.Core.Noise;

/// <summary>Version tags of the samplers. A tag fixes which stream words make which value; a plan names the tag, so that every host draws the same bits.</summary>
public static class SamplerVersion
{
    /// <summary>The reference samplers: integer arithmetic and rejection (<see cref="CksSampler"/>).</summary>
    public const string Cks = "cks-v1";

    /// <summary>Inversion of a precomputed distribution function (<see cref="NoiseTable"/>): one word per draw almost always.</summary>
    public const string Table = "table-v1";
}
