using DpSpark.Core.Parameters;

namespace DpSpark.Jobs.Ledger;

/// <summary>The ledger as its events tell it: they are the only truth, every sum and state is derived from them, and checked on the way.</summary>
internal sealed class LedgerImage
{
    private readonly Dictionary<string, BudgetCap> _caps = new(StringComparer.Ordinal);

    public List<ReleaseEntry> Releases { get; } = [];

    /// <summary>Hash of the last event, zeros before the first.</summary>
    public byte[] Tip { get; private set; } = new byte[LedgerEvent.HashBytes];

    public long Events { get; private set; }

    public long? FirstBadEvent { get; private set; }

    public long? FirstBadEntry { get; private set; }

    public ChainReport Report => new(FirstBadEvent is null, Releases.Count, Events, FirstBadEvent, FirstBadEntry);

    /// <summary>Takes the next event as it is stored.</summary>
    /// <param name="sequence">Its number.</param>
    /// <param name="values">Its values, in the order of <see cref="LedgerEvent.Columns"/>.</param>
    /// <param name="hash">Its stored hash.</param>
    public void Add(long sequence, string?[] values, byte[] hash)
    {
        var good = sequence == Events + 1 && LedgerEvent.HashOf(Tip, sequence, values).AsSpan().SequenceEqual(hash);
        Events++;
        Tip = hash;
        long? entry = null;
        try
        {
            var e = LedgerEvent.FromValues(sequence, values, hash);
            entry = e.Entry;
            good &= Apply(e);
        }
        catch (FormatException)
        {
            good = false;
        }

        if (!good)
        {
            MarkBad(sequence, entry);
        }
    }

    public void MarkBad(long sequence, long? entry)
    {
        if (FirstBadEvent is null || sequence < FirstBadEvent)
        {
            FirstBadEvent = sequence;
            FirstBadEntry = entry;
        }
    }

    /// <summary>The entry that holds a release key: the committed or open one, or null.</summary>
    public ReleaseEntry? Holder(string releaseKey) =>
        Releases.Find(r => r.State is not (ReleaseState.Freed or ReleaseState.Expired) && r.Reserved.ReleaseKey == releaseKey);

    public DatasetBudget Budget(string dataset)
    {
        var epsilon = ExactDecimal.Zero;
        var delta = ExactDecimal.Zero;
        var count = 0;
        var open = new List<HistoryEntry>();
        foreach (var release in Charged(dataset))
        {
            epsilon += release.Epsilon;
            delta += release.Delta;
            count++;
            if (release.State.IsOpen())
            {
                open.Add(release.ToHistory());
            }
        }

        return new DatasetBudget(dataset, _caps.GetValueOrDefault(dataset), epsilon, delta, count, open, Report);
    }

    public List<Spender> BiggestSpenders(string dataset, int most) =>
        [.. Charged(dataset).GroupBy(r => r.Reserved.JobName ?? "", StringComparer.Ordinal)
            .Select(g => new Spender(g.Key, g.Count(), Sum(g, r => r.Epsilon), Sum(g, r => r.Delta)))
            .OrderByDescending(s => s.Epsilon).ThenByDescending(s => s.Delta).ThenBy(s => s.JobName, StringComparer.Ordinal).Take(most)];

    /// <summary>The last charged release of a dataset whose guarantee compares other datasets, or null.</summary>
    public ReleaseEntry? OtherRelation(string dataset, NeighbouringRelation relation) => Charged(dataset).LastOrDefault(r => r.Adjacency != relation);

    private IEnumerable<ReleaseEntry> Charged(string dataset) => Releases.Where(r => r.State != ReleaseState.Freed && r.Reserved.Dataset == dataset);

    private static ExactDecimal Sum(IEnumerable<ReleaseEntry> releases, Func<ReleaseEntry, ExactDecimal> amount) =>
        releases.Aggregate(ExactDecimal.Zero, (sum, r) => sum + amount(r));

    /// <summary>Applies an event.</summary>
    /// <returns>Whether it may follow what is there.</returns>
    private bool Apply(LedgerEvent e)
    {
        if (e.Kind == LedgerEvent.Cap)
        {
            _caps[e.Dataset] = new BudgetCap(Amount(e.Epsilon), Amount(e.Delta), e.Principal ?? "", LedgerEvent.Time(e.At));
            return e.Entry is null;
        }

        if (e.Kind == ReleaseState.Reserved.Name())
        {
            var complete = e.ReleaseId is not null && e.ReleaseKey is not null && e.JobHash is not null && e.InputFingerprint is not null && e.Commitment is not null;
            Releases.Add(new ReleaseEntry(e, Amount(e.Epsilon), Amount(e.Delta)));
            return complete && e.Entry == Releases.Count && (e.Adjacency is null or LedgerEvent.ReplaceOne);
        }

        if (e.Entry is not { } number || number < 1 || number > Releases.Count)
        {
            return false;
        }

        var release = Releases[(int)number - 1];
        return release.Reserved.Dataset == e.Dataset && release.Apply(e);
    }

    private static ExactDecimal Amount(string? text)
    {
        var amount = ExactDecimal.Parse(text ?? "");
        return amount.Sign >= 0 ? amount : throw new FormatException("An amount is negative.");
    }
}

/// <summary>One release and where it stands.</summary>
internal sealed class ReleaseEntry(LedgerEvent reserved, ExactDecimal epsilon, ExactDecimal delta)
{
    /// <summary>The event that made the reservation.</summary>
    public LedgerEvent Reserved { get; } = reserved;

    public ExactDecimal Epsilon { get; } = epsilon;

    public ExactDecimal Delta { get; } = delta;

    /// <summary>Which datasets the guarantee compares.</summary>
    public NeighbouringRelation Adjacency { get; } = reserved.Adjacency is null ? NeighbouringRelation.AddOrRemoveOne : NeighbouringRelation.ReplaceOne;

    public long Number { get; } = reserved.Entry ?? 0;

    public string ReleaseId { get; } = reserved.ReleaseId ?? "";

    public DateTimeOffset When { get; } = LedgerEvent.Time(reserved.At);

    public ReleaseState State { get; private set; } = ReleaseState.Reserved;

    public int Attempts { get; private set; } = 1;

    public string RunId { get; private set; } = reserved.RunId ?? "";

    public string Principal { get; private set; } = reserved.Principal ?? "";

    public DateTimeOffset Expires { get; private set; } = LedgerEvent.Time(reserved.Expires);

    /// <summary>Number of the event that staged or committed it last, or null.</summary>
    public long? OutputEvent { get; private set; }

    /// <summary>Whether an output ever existed.</summary>
    public bool WasStaged { get; private set; }

    public string? StagePath { get; private set; }

    public byte[] LastHash { get; private set; } = reserved.Hash;

    public bool Apply(LedgerEvent e)
    {
        LastHash = e.Hash;
        if (e.Kind == LedgerEvent.Resumed)
        {
            var follows = State.IsOpen() && e.Attempt == Attempts + 1;
            Attempts = (int)(e.Attempt ?? Attempts);
            RunId = e.RunId ?? RunId;
            Principal = e.Principal ?? Principal;
            Expires = LedgerEvent.Time(e.Expires);
            return follows;
        }

        (ReleaseState? state, var allowed) = e.Kind switch
        {
            "running" => (ReleaseState.Running, State.IsOpen()),
            "staged" => (ReleaseState.Staged, State is ReleaseState.Running or ReleaseState.Staged),
            "committed" => (ReleaseState.Committed, State == ReleaseState.Staged),
            "freed" => (ReleaseState.Freed, State is ReleaseState.Reserved or ReleaseState.Running && !WasStaged),
            "expired" => (ReleaseState.Expired, State is ReleaseState.Running or ReleaseState.Staged),
            _ => (default(ReleaseState?), false),
        };

        // A change that may not be is not believed where it would lower what is spent.
        if (state is null || (!allowed && state == ReleaseState.Freed))
        {
            return false;
        }

        State = state.Value;
        if (State is ReleaseState.Staged or ReleaseState.Committed)
        {
            OutputEvent = e.Sequence;
            WasStaged = true;
            StagePath = e.StagePath ?? StagePath;
        }

        return allowed;
    }

    public HistoryEntry ToHistory() => new(Number, When, ReleaseId, Reserved.JobName ?? "", RunId, Epsilon, Delta, Principal, State, Attempts, Expires, Convert.ToHexStringLower(LastHash));
}
