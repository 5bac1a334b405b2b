namespace DpSpark.Arrow.Ipc;

/// <summary>The dictionaries of a stream or file. An array in force is never changed: batches keep the one they were read with.</summary>
internal sealed class DictionaryStore
{
    private readonly Dictionary<long, Slot> _slots = [];
    private readonly ArrowReaderOptions _options;
    private long _bytes;

    /// <summary>Finds the dictionaries that a schema names.</summary>
    public DictionaryStore(Schema schema, ArrowReaderOptions options)
    {
        _options = options;
        foreach (var field in schema.Fields)
        {
            Add(field);
        }
    }

    /// <summary>Whether the schema names any dictionary.</summary>
    public bool IsEmpty => _slots.Count == 0;

    /// <summary>The values in force.</summary>
    /// <param name="id">Number of the dictionary.</param>
    /// <param name="mayBeMissing">Whether no value is going to be looked up, so that an empty dictionary will do.</param>
    public ArrowArray Current(long id, bool mayBeMissing)
    {
        var slot = _slots[id];
        return slot.Values ?? (mayBeMissing ? EmptyArray(slot.Field) : throw new ArrowFormatException($"Dictionary {id} is used before it is given."));
    }

    /// <summary>Takes in a DictionaryBatch.</summary>
    /// <param name="header">The DictionaryBatch table.</param>
    /// <param name="body">Its body; kept, so it must not come from a pool.</param>
    /// <param name="mayReplace">Whether a dictionary may be given twice (in streams).</param>
    public void Read(FlatTable header, ReadOnlyMemory<byte> body, bool mayReplace)
    {
        var id = header.Int64(0);
        if (!_slots.TryGetValue(id, out var slot))
        {
            throw new ArrowFormatException($"Dictionary {id} is not in the schema.");
        }

        var delta = header.Bool(2);
        if (delta ? slot.Values is null : slot.Values is not null && !mayReplace)
        {
            throw new ArrowFormatException(delta ? $"Dictionary {id} is added to before it is given." : $"Dictionary {id} is given twice.");
        }

        var values = BatchReader.Read(header.Table(1, "the values of a dictionary"), body, [slot.Field], this, _options, out _, out var block)[0];
        var bytes = (long)body.Length + (block?.Memory.Length ?? 0) + (delta ? slot.Bytes : 0);
        _bytes += bytes - slot.Bytes;
        slot.Bytes = bytes;
        if (_bytes > _options.MaxDictionaryBytes)
        {
            throw new ArrowFormatException("The dictionaries are beyond the limit.");
        }

        slot.Values = delta ? ArrayConcatenation.Concatenate(slot.Values!, values) : values;
    }

    private void Add(Field field)
    {
        if (field.Dictionary is { } encoding)
        {
            var values = field with { Dictionary = null };
            if (!_slots.TryAdd(encoding.Id, new() { Field = values }) && !SameLayout(_slots[encoding.Id].Field, values))
            {
                throw new ArrowFormatException($"Dictionary {encoding.Id} is used with two types.");
            }
        }

        foreach (var child in field.Children)
        {
            Add(child);
        }
    }

    private static bool SameLayout(Field a, Field b)
    {
        if (a.Type != b.Type || a.Children.Count != b.Children.Count || a.Dictionary?.Id != b.Dictionary?.Id
            || a.Dictionary?.IndexType != b.Dictionary?.IndexType)
        {
            return false;
        }

        for (var i = 0; i < a.Children.Count; i++)
        {
            if (!SameLayout(a.Children[i], b.Children[i]))
            {
                return false;
            }
        }

        return true;
    }

    private ArrowArray EmptyArray(Field field)
    {
        var children = new ArrowArray[field.Children.Count];
        for (var i = 0; i < children.Length; i++)
        {
            children[i] = EmptyArray(field.Children[i]);
        }

        var encoded = field.Dictionary is not null;
        return new()
        {
            Type = field.Type,
            Length = 0,
            Offsets = new byte[8],
            Children = encoded ? [] : children,
            IndexType = field.Dictionary?.IndexType,
            Dictionary = encoded ? Current(field.Dictionary!.Id, mayBeMissing: true) : null,
        };
    }

    private sealed class Slot
    {
        public required Field Field { get; init; }

        public ArrowArray? Values { get; set; }

        public long Bytes { get; set; }
    }
}
