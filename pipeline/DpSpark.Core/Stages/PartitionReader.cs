using System.Globalization;
using DpSpark.Core.Keys;
using DpSpark.Core.Parameters;

namespace DpSpark.Core.Stages;

/// <summary>Applies the transform of one partition column.</summary>
internal sealed class PartitionReader
{
    private readonly long[] _integerEdges = [];
    private readonly double[] _doubleEdges = [];
    private readonly long[] _keys = [];
    private long[] _words = [];

    public PartitionReader(PartitionColumnSpec spec, ColumnConverter source)
    {
        Spec = spec;
        Source = source;
        if (spec.Transform != PartitionTransform.Bin)
        {
            return;
        }

        var bins = spec.Edges.Count - 1;
        _keys = new long[bins];
        var floating = source.Spec.Type is ColumnType.Float or ColumnType.Double;
        _doubleEdges = new double[floating ? bins : 0];
        _integerEdges = new long[floating ? 0 : bins];
        for (var i = 0; i < bins; i++)
        {
            var edge = ExactDecimal.Parse(spec.Edges[i]);
            _keys[i] = spec.KeyType == ColumnType.Long
                ? long.Parse(spec.Edges[i], CultureInfo.InvariantCulture)
                : (long)CanonicalKey.CanonicalBits(edge.ToDouble());
            if (floating)
            {
                _doubleEdges[i] = edge.ToDouble();
            }
            else
            {
                _integerEdges[i] = OrderedWord.OfEdge(source.Spec, edge);
            }
        }
    }

    public PartitionColumnSpec Spec { get; }

    public ColumnConverter Source { get; }

    public long[] Words => Spec.Transform == PartitionTransform.Identity ? Source.Words : _words;

    public void Prepare(int n)
    {
        if (Spec.Transform == PartitionTransform.Identity)
        {
            return;
        }

        if (_words.Length < n)
        {
            _words = new long[n];
        }

        var isDate = Source.Spec.Type == ColumnType.Date;
        for (var i = 0; i < n; i++)
        {
            var word = Source.Words[i];
            _words[i] = Spec.Transform switch
            {
                PartitionTransform.TruncateToHour => word - TextParser.FloorMod(word, 3_600_000_000),
                PartitionTransform.TruncateToDay => isDate ? word : TextParser.FloorDiv(word, 86_400_000_000),
                PartitionTransform.TruncateToMonth => FirstOfMonth(isDate ? word : TextParser.FloorDiv(word, 86_400_000_000)),
                _ => BinOf(word),
            };
        }
    }

    private static long FirstOfMonth(long days)
    {
        // Days outside of the calendar of DateOnly (years 1 to 9999) stay as they are.
        var dayNumber = days + TextParser.EpochDay;
        if (dayNumber < 0 || dayNumber > DateOnly.MaxValue.DayNumber)
        {
            return days;
        }

        return days - DateOnly.FromDayNumber((int)dayNumber).Day + 1;
    }

    private long BinOf(long word)
    {
        var edges = _doubleEdges.Length > 0
            ? SortedSearch.CountAtMost<double>(_doubleEdges, BitConverter.Int64BitsToDouble(word))
            : SortedSearch.CountAtMost<long>(_integerEdges, word);
        return _keys[Math.Max(0, edges - 1)];
    }
}
