using DpSpark.Jobs.Manifest.Yaml;

namespace DpSpark;

/// <summary>What is paid before the rest: bounds that a first pass finds, or the choice of the largest keys.</summary>
public sealed record BudgetPart
{
    private readonly DpNumber _number;
    private readonly DpNumber? _delta;
    private readonly bool _isPercent;

    private BudgetPart(DpNumber number, DpNumber? delta, bool isPercent) => (_number, _delta, _isPercent) = (number, delta, isPercent);

    internal YamlNode Node
    {
        get
        {
            if (_isPercent)
            {
                return Tree.Word($"{_number}%");
            }

            var map = new YamlMap().Set("epsilon", Tree.Number(_number));
            Tree.SetNumber(map, "delta", _delta);
            return map;
        }
    }

    /// <summary>A part of the total epsilon.</summary>
    /// <param name="percent">Per cent, above 0 and below 100; 5 to 15 serve well.</param>
    public static BudgetPart Percent(DpNumber percent) => new(percent, null, true);

    /// <summary>An epsilon of its own.</summary>
    /// <param name="epsilon">The epsilon.</param>
    /// <param name="delta">Beside it, for the choice of keys alone: the exponential mechanism may then be used.</param>
    public static BudgetPart Epsilon(DpNumber epsilon, DpNumber? delta = null) => new(epsilon, delta, false);

    /// <summary>The part as a manifest has it: <c>{ budget: … }</c>, perhaps with what is clamped.</summary>
    internal YamlMap Auto(string? clamp = null)
    {
        var map = new YamlMap().Set("budget", Node);
        return clamp is null ? map : map.Set("clamp", Tree.Word(clamp));
    }
}
