namespace Exai.Core.Tokens;

/// <summary>
/// Which models may be asked: each entry is <c>provider/id</c>, or <c>provider/</c> and the beginning of an id with <c>*</c> behind it. Case is ignored.
/// </summary>
public sealed record ModelAllowance(IReadOnlyList<string> Entries)
{
    public bool Allows(string provider, string id)
    {
        var name = $"{provider}/{id}";
        return Entries.Any(entry => entry.EndsWith('*')
            ? name.StartsWith(entry.AsSpan()[..^1], StringComparison.OrdinalIgnoreCase)
            : name.Equals(entry, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>The ids that entries name in full, of one provider.</summary>
    public IEnumerable<string> NamedAt(string provider) => Entries
        .Where(entry => !entry.EndsWith('*') && entry.StartsWith(provider + "/", StringComparison.OrdinalIgnoreCase))
        .Select(entry => entry[(provider.Length + 1)..]);

    /// <summary>As the store keeps it: with commas between.</summary>
    public override string ToString() => string.Join(",", Entries);

    public static ModelAllowance? Parse(string? stored) => stored is null ? null : new ModelAllowance(stored.Split(',', StringSplitOptions.RemoveEmptyEntries));

    // A list compares by its entries.
    public bool Equals(ModelAllowance? other) => other is not null && Entries.SequenceEqual(other.Entries, StringComparer.Ordinal);

    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(ToString());
}
