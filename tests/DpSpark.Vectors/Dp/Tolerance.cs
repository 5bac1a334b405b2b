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
                    throw new UnsupportedCaseException("a tolerance given as a sentence");
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

    private bool Exact { get; }

    private double Relative { get; }

    private double Absolute { get; }

    internal bool IsExact(string field) => Exact || _exactFields.Contains(field);

    internal bool Accepts(string field, double expected, double actual)
    {
        if (double.IsNaN(expected) || double.IsInfinity(expected) || IsExact(field))
        {
            return expected.Equals(actual) || expected == actual;
        }

        return Math.Abs(actual - expected) <= Math.Max(Relative * Math.Abs(expected), Absolute);
    }
}
