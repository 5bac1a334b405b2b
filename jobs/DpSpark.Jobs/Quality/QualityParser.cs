using System.Globalization;

namespace DpSpark.Jobs.Quality;

/// <summary>A part of a condition: a number, or a truth value as 0 or 1.</summary>
internal sealed record QualityNode(bool IsTruth, int Position, Func<double[], double> Evaluate);

/// <summary>
/// Reads conditions: <c>or</c>, <c>and</c>, <c>not</c>, comparisons, <c>+ - * /</c>, <c>abs</c>, <c>min</c>, <c>max</c>, parentheses, decimal numbers, and the names <c>value</c>, <c>stddev</c>,
/// <c>ci_low</c>, <c>ci_high</c>. Nothing else: the text is never code.
/// </summary>
internal sealed class QualityParser(string text)
{
    private const int MaxLength = 1000;
    private const int MaxDepth = 50;
    private static readonly string[] s_names = ["value", "stddev", "ci_low", "ci_high"];
    private static readonly string[] s_comparisons = ["<=", ">=", "==", "!=", "<", ">"];
    private int _at;
    private int _depth;

    public QualityNode Parse()
    {
        if (text.Length > MaxLength)
        {
            throw new QualitySyntaxException($"the condition is longer than {MaxLength} characters", MaxLength);
        }

        var root = Truth(Or());
        SkipBlanks();
        return _at == text.Length ? root : throw new QualitySyntaxException("something is left over", _at);
    }

    private static QualityNode Truth(QualityNode node) => node.IsTruth ? node : throw new QualitySyntaxException("a comparison belongs here, not a number", node.Position);

    private static QualityNode Number(QualityNode node) => node.IsTruth ? throw new QualitySyntaxException("a number belongs here, not a comparison", node.Position) : node;

    private QualityNode Or()
    {
        var left = And();
        while (Word("or"))
        {
            var (a, b) = (Truth(left).Evaluate, Truth(And()).Evaluate);
            left = new QualityNode(true, left.Position, v => a(v) != 0 || b(v) != 0 ? 1 : 0);
        }

        return left;
    }

    private QualityNode And()
    {
        var left = Not();
        while (Word("and"))
        {
            var (a, b) = (Truth(left).Evaluate, Truth(Not()).Evaluate);
            left = new QualityNode(true, left.Position, v => a(v) != 0 && b(v) != 0 ? 1 : 0);
        }

        return left;
    }

    private QualityNode Not()
    {
        if (!Word("not"))
        {
            return Comparison();
        }

        var start = _at;
        Deeper();
        var inner = Truth(Not()).Evaluate;
        _depth--;
        return new QualityNode(true, start, v => inner(v) != 0 ? 0 : 1);
    }

    private QualityNode Comparison()
    {
        var left = Sum();
        foreach (var sign in s_comparisons)
        {
            if (!Sign(sign))
            {
                continue;
            }

            var (a, b) = (Number(left).Evaluate, Number(Sum()).Evaluate);
            return new QualityNode(true, left.Position, sign switch
            {
                "<=" => v => a(v) <= b(v) ? 1 : 0,
                ">=" => v => a(v) >= b(v) ? 1 : 0,
                "==" => v => a(v) == b(v) ? 1 : 0,
                "!=" => v => a(v) is var x && b(v) is var y && (x < y || x > y) ? 1 : 0,
                "<" => v => a(v) < b(v) ? 1 : 0,
                _ => v => a(v) > b(v) ? 1 : 0,
            });
        }

        return left;
    }

    private QualityNode Sum()
    {
        var left = Product();
        while (true)
        {
            var plus = Sign("+");
            if (!plus && !Sign("-"))
            {
                return left;
            }

            var (a, b) = (Number(left).Evaluate, Number(Product()).Evaluate);
            left = new QualityNode(false, left.Position, plus ? v => a(v) + b(v) : v => a(v) - b(v));
        }
    }

    private QualityNode Product()
    {
        var left = Unary();
        while (true)
        {
            var times = Sign("*");
            if (!times && !Sign("/"))
            {
                return left;
            }

            var (a, b) = (Number(left).Evaluate, Number(Unary()).Evaluate);
            left = new QualityNode(false, left.Position, times ? v => a(v) * b(v) : v => a(v) / b(v));
        }
    }

    private QualityNode Unary()
    {
        SkipBlanks();
        var start = _at;
        if (!Sign("-"))
        {
            return Primary();
        }

        Deeper();
        var inner = Number(Unary()).Evaluate;
        _depth--;
        return new QualityNode(false, start, v => -inner(v));
    }

    private QualityNode Primary()
    {
        SkipBlanks();
        var start = _at;
        if (Sign("("))
        {
            Deeper();
            var inner = Or();
            Close();
            return inner with { Position = start };
        }

        foreach (var function in (string[])["abs", "min", "max"])
        {
            if (Word(function))
            {
                return Function(function, start);
            }
        }

        for (var i = 0; i < s_names.Length; i++)
        {
            if (Word(s_names[i]))
            {
                var index = i;
                return new QualityNode(false, start, v => v[index]);
            }
        }

        while (_at < text.Length && (char.IsAsciiDigit(text[_at]) || text[_at] == '.'))
        {
            _at++;
        }

        if (_at > start && _at < text.Length && text[_at] is 'e' or 'E')
        {
            var exponent = _at + 1;
            exponent += exponent < text.Length && text[exponent] is '+' or '-' ? 1 : 0;
            if (exponent < text.Length && char.IsAsciiDigit(text[exponent]))
            {
                _at = exponent;
                while (_at < text.Length && char.IsAsciiDigit(text[_at]))
                {
                    _at++;
                }
            }
        }

        return _at > start && double.TryParse(text.AsSpan(start, _at - start), NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var number)
            ? new QualityNode(false, start, _ => number)
            : throw new QualitySyntaxException(start == text.Length ? "something is missing at the end" : "a number, `(`, abs, min, max, value, stddev, ci_low or ci_high belongs here", start);
    }

    private QualityNode Function(string name, int start)
    {
        if (!Sign("("))
        {
            throw new QualitySyntaxException($"`(` belongs after {name}", _at);
        }

        Deeper();
        var first = Number(Or()).Evaluate;
        if (name == "abs")
        {
            Close();
            return new QualityNode(false, start, v => Math.Abs(first(v)));
        }

        if (!Sign(","))
        {
            throw new QualitySyntaxException($"{name} takes two numbers with `,` between them", _at);
        }

        var second = Number(Or()).Evaluate;
        Close();
        return new QualityNode(false, start, name == "min" ? v => Math.Min(first(v), second(v)) : v => Math.Max(first(v), second(v)));
    }

    private void Deeper()
    {
        if (++_depth > MaxDepth)
        {
            throw new QualitySyntaxException("the condition is nested too deeply", _at);
        }
    }

    private void Close()
    {
        _depth--;
        if (!Sign(")"))
        {
            throw new QualitySyntaxException("`)` belongs here", _at);
        }
    }

    private void SkipBlanks()
    {
        while (_at < text.Length && text[_at] is ' ' or '\t' or '\n' or '\r')
        {
            _at++;
        }
    }

    private bool Sign(string sign)
    {
        SkipBlanks();
        if (string.CompareOrdinal(text, _at, sign, 0, sign.Length) != 0)
        {
            return false;
        }

        _at += sign.Length;
        return true;
    }

    private bool Word(string word)
    {
        SkipBlanks();
        var end = _at + word.Length;
        if (string.CompareOrdinal(text, _at, word, 0, word.Length) != 0 || (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || text[end] == '_')))
        {
            return false;
        }

        _at = end;
        return true;
    }
}
