using System.Text.Json;

namespace Exai.Simulator.Tests;

/// <summary>Request bodies.</summary>
internal static class Ask
{
    public static string Stream(string model, string prompt = "Hi", object? extra = null) => Body(model, [new { role = "user", content = prompt }], stream: true, extra);

    public static string Whole(string model, string prompt = "Hi", object? extra = null) => Body(model, [new { role = "user", content = prompt }], stream: false, extra);

    public static string Body(string model, object[] messages, bool stream, object? extra = null)
    {
        var body = new Dictionary<string, object?> { ["model"] = model, ["stream"] = stream, ["messages"] = messages };
        foreach (var property in extra?.GetType().GetProperties() ?? [])
            body[property.Name] = property.GetValue(extra);
        return JsonSerializer.Serialize(body);
    }
}
