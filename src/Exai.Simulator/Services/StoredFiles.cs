using System.Text;
using System.Text.Json.Nodes;

namespace Exai.Simulator.Services;

/// <summary>The files of one provider's account, kept as long as the server runs. Thread-safe.</summary>
internal sealed class StoredFiles(string idPrefix)
{
    private readonly Lock _gate = new();
    private readonly List<StoredFile> _files = [];
    private int _number;

    public StoredFile Add(SentFile file, string purpose, DateTimeOffset at)
    {
        lock (_gate)
        {
            var stored = new StoredFile($"{idPrefix}{++_number}", file, purpose, at);
            _files.Add(stored);
            return stored;
        }
    }

    public StoredFile? Find(string id)
    {
        lock (_gate)
            return _files.Find(file => file.Id == id);
    }

    public bool Remove(string id)
    {
        lock (_gate)
            return _files.RemoveAll(file => file.Id == id) > 0;
    }

    /// <summary>One page, in order of upload.</summary>
    public JsonObject List(string? purpose, string? after, int limit)
    {
        lock (_gate)
        {
            var all = _files.Where(file => purpose is null || file.Purpose == purpose).ToList();
            var rest = all.Skip(all.FindIndex(file => file.Id == after) + 1).ToList();
            return new JsonObject
            {
                ["object"] = "list",
                ["data"] = new JsonArray([.. rest.Take(limit).Select(file => file.Describe())]),
                ["has_more"] = rest.Count > limit,
            };
        }
    }
}

internal sealed record StoredFile(string Id, SentFile File, string Purpose, DateTimeOffset At)
{
    /// <summary>What a reader of documents would find in it: its bytes as text.</summary>
    public string Text => Encoding.UTF8.GetString(File.Bytes);

    public JsonObject Describe() => new()
    {
        ["id"] = Id,
        ["object"] = "file",
        ["bytes"] = File.Bytes.Length,
        ["created_at"] = At.ToUnixTimeSeconds(),
        ["filename"] = File.Name,
        ["purpose"] = Purpose,
    };
}
