using System.Text.Json;

namespace DpSpark.Vectors.Dp;

/// <summary>How close a number must be: <c>exact</c>, or within max(rel · |expected|, abs); single fields may be exact.</summary>
internal sealed class Tolerance
{
    private readonly HashSet<string> _exactFields = [];

    internal Tolerance(JsonElement element)
    {
        foreach (JsonProperty property in element.EnumerateObject())
        {
            switch (property.Name)
            {
                case "exact":
                    Exact = property.Value.GetBoolean();
                    break;
                case "rel":
                    Relative = property.Value.GetDouble();
                    break;
                case "abs":
                    Absolute = property.Value.GetDouble();
                    break;
                case "note":
                    break;
                case "rule":
                    ReadRule(property.Value.GetString() ?? "");
                    break;
                default:
                    if (property.Value.ValueKind == JsonValueKind.String && property.Value.GetString() == "exact")
                    {
                        _exactFields.Add(property.Name);
                        break;
                    }

                    throw new UnsupportedCaseException("tolerance field " + property.Name);
            }
        }
    }

    private const string PessimisticEpsilon = "epsilon_reported in [epsilon - 1e-6*max(1,epsilon), epsilon + max(2e-3*epsilon, 1e-3)]";
    private const string PessimisticDelta = "delta_reported in [delta*(1-1e-4)-1e-14, delta*1.02+1e-13] (pessimistic)";
    private const string EpsilonWithin = "epsilon within [epsilon-1e-4, epsilon+2e-3]; other fields rel 1e-8";

    private string? Rule { get; set; }

    private bool Exact { get; }

    private double Relative { get; set; }

    private double Absolute { get; }

    internal bool IsExact(string field) => Exact || _exactFields.Contains(field);

    /// <summary>Whether a field of the expectation is a bracket of the reference's, about which the case asks nothing.</summary>
    internal bool Ignores(string field) => (Rule is PessimisticEpsilon or PessimisticDelta) && (field is "lower" or "upper");

    internal bool Accepts(string field, double expected, double actual)
    {
        if (double.IsNaN(expected) || double.IsInfinity(expected) || IsExact(field))
        {
            return expected.Equals(actual) || expected == actual;
        }

        return (Rule, field) switch
        {
            (PessimisticEpsilon, "epsilon") => actual >= expected - (1e-6 * Math.Max(1, expected)) && actual <= expected + Math.Max(2e-3 * expected, 1e-3),
            (PessimisticDelta, "delta") => actual >= (expected * (1 - 1e-4)) - 1e-14 && actual <= (expected * 1.02) + 1e-13,
            (EpsilonWithin, "epsilon") => actual >= expected - 1e-4 && actual <= expected + 2e-3,
            _ => Math.Abs(actual - expected) <= Math.Max(Relative * Math.Abs(expected), Absolute),
        };
    }

    private void ReadRule(string sentence)
    {
        Rule = sentence is PessimisticEpsilon or PessimisticDelta or EpsilonWithin ? sentence : throw new UnsupportedCaseException("tolerance " + sentence);
        Relative = sentence == EpsilonWithin ? 1e-8 : 0;
    }
}
