using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Exai.Shim.Messages;
using FsCheck;
using FsCheck.Fluent;

namespace Exai.Shim.Tests.Messages;

/// <summary>The raw reading of messages against the framework's own document.</summary>
public sealed class MessageProperties
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(2000);

    [Fact]
    public void Parse_agrees_with_the_document() => Prop.ForAll(Messages().ToArbitrary(), text =>
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        using var document = JsonDocument.Parse(bytes);
        var root = document.RootElement;
        Envelope message;
        try
        {
            message = Envelope.Parse(bytes);
        }
        catch (MalformedMessageException malformed)
        {
            malformed.Code.ShouldBe(-32600);
            IsValid(root).ShouldBeFalse(text);
            return;
        }

        IsValid(root).ShouldBeTrue(text);
        message.Bytes.ToArray().ShouldBe(bytes);
        message.Method.ShouldBe(root.TryGetProperty("method", out var method) ? method.GetString() : null);
        if (message.Id is { } id)
        {
            JsonElement.DeepEquals(JsonDocument.Parse(id.ToJson()).RootElement, root.GetProperty("id")).ShouldBeTrue(text);
        }

        if (root.TryGetProperty("params", out var parameters) && parameters.ValueKind == JsonValueKind.Object)
        {
            Same(message.Param(), parameters);
            foreach (var member in parameters.EnumerateObject())
            {
                Same(message.Param(member.Name), parameters.GetProperty(member.Name));
            }
        }
        else
        {
            message.ParamsStart.ShouldBe(-1);
        }
    }).Check(Thorough);

    [Fact]
    public void Inserted_member_is_there_and_so_are_all_the_others() => Prop.ForAll(Objects().ToArbitrary(), text =>
    {
        var old = JsonNode.Parse(text)!.AsObject();
        // Behind and before other bytes, as params stand in a message.
        var changed = Encoding.UTF8.GetString(JsonSlice.SetMember(Encoding.UTF8.GetBytes("[ " + text + " ]"), 2, "new", "\"v\""));
        var now = JsonNode.Parse(changed)![0]!.AsObject();
        ((string?)now["new"]).ShouldBe("v");
        now.Remove("new");
        old.Remove("new");
        JsonNode.DeepEquals(now, old).ShouldBeTrue($"{text} -> {changed}");
        using var document = JsonDocument.Parse(changed);
        document.RootElement[0].EnumerateObject().Count(member => member.NameEquals("new")).ShouldBe(1, changed);
    }).Check(Thorough);

    [Fact]
    public void Message_under_another_id_differs_in_nothing_else() => Prop.ForAll(Messages().ToArbitrary(), text =>
    {
        using var document = JsonDocument.Parse(text);
        if (!IsValid(document.RootElement) || !document.RootElement.TryGetProperty("id", out _))
        {
            return;
        }

        var changed = JsonNode.Parse(RpcMessages.WithId(Envelope.Parse(Encoding.UTF8.GetBytes(text)), new RequestId("s1-1", 0)))!.AsObject();
        ((string?)changed["id"]).ShouldBe("s1-1");
        var old = JsonNode.Parse(text)!.AsObject();
        old["id"] = "s1-1";
        JsonNode.DeepEquals(changed, old).ShouldBeTrue(text);
    }).Check(Thorough);

    [Fact]
    public void Garbage_is_refused_and_never_throws_anything_else() => Prop.ForAll(Gen.ArrayOf(Gen.Elements("{}[]\":,\\u d80é\n1e.-tfnull\"id\"\"method\"\"params\"".ToCharArray())).ToArbitrary(), text =>
    {
        try
        {
            Envelope.Parse(Encoding.UTF8.GetBytes(text));
        }
        catch (MalformedMessageException malformed)
        {
            malformed.Code.ShouldBeOneOf(-32700, -32600);
        }
    }).Check(Thorough);

    [Fact]
    public void Any_bytes_are_refused_and_never_throw_anything_else() => Prop.ForAll(Gen.ArrayOf(Gen.Choose(0, 255)).ToArbitrary(), numbers =>
    {
        byte[] bytes = [.. """{"id":"ab","method":"m","params":{"x":" """u8, .. numbers.Select(number => (byte)number).Where(one => one is not (byte)'"'), .. "\"}}"u8];
        try
        {
            var message = Envelope.Parse(bytes);
            _ = message.ParamText("x");
        }
        catch (MalformedMessageException malformed)
        {
            malformed.Code.ShouldBe(-32700);
        }
    }).Check(Thorough);

    [Theory]
    [InlineData("1", "1", true)]
    [InlineData("\"1\"", "1", false)]
    [InlineData("\"\\u0041\"", "\"A\"", true)]
    [InlineData("-0", "0", true)]
    [InlineData("\"\"", "0", false)]
    public void Ids_are_equal_by_type_and_value(string one, string other, bool equal) =>
        (RequestId.Parse(Encoding.UTF8.GetBytes(one)) == RequestId.Parse(Encoding.UTF8.GetBytes(other))).ShouldBe(equal);

    [Theory]
    [InlineData("1.5")]
    [InlineData("1e2")]
    [InlineData("99999999999999999999")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("")]
    public void What_is_neither_string_nor_integer_is_no_id(string json) => RequestId.Parse(Encoding.UTF8.GetBytes(json)).ShouldBeNull();

    [Fact]
    public void Last_of_several_members_of_one_name_counts_as_it_does_for_the_daemon()
    {
        var message = Envelope.Parse("""{"id":1,"method":"m","params":{"a":1},"params":{"_meta":{"a":1},"_meta":{"a":2}}}"""u8.ToArray());
        Encoding.UTF8.GetString(message.Param("_meta", "a").Span).ShouldBe("2");
    }

    private static void Same(ReadOnlyMemory<byte> raw, JsonElement expected) => Encoding.UTF8.GetString(raw.Span).ShouldBe(expected.GetRawText());

    private static bool IsValid(JsonElement root)
    {
        var hasId = root.TryGetProperty("id", out var id);
        var goodId = hasId && (id.ValueKind == JsonValueKind.String || (id.ValueKind == JsonValueKind.Number && id.TryGetInt64(out _)));
        return root.TryGetProperty("method", out var method)
            ? method.ValueKind == JsonValueKind.String && (!hasId || goodId)
            : goodId && (root.TryGetProperty("result", out _) || root.TryGetProperty("error", out _));
    }

    private static Gen<string> Space() => Gen.Elements("", "", " ", "\t", " \r\n ");

    private static Gen<string> Scalars() => Gen.Elements(
        "0", "-1", "17", "1.50", "1e3", "9007199254740993", "null", "true", "\"\"", "\"a\"", "\"\\u00e9é\"", "\"{\\\"id\\\":1}\"", "\"日本\"", "\"\\\\\"");

    private static Gen<string> Values(int depth) => depth == 0
        ? Scalars()
        : Gen.OneOf(Scalars(), Scalars(), Objects(depth - 1), from items in Gen.ListOf(Values(depth - 1)) select $"[{string.Join(",", items.Take(4))}]");

    private static Gen<string> Objects() => Objects(3);

    private static Gen<string> Objects(int depth) =>
        from members in Gen.ListOf(from name in Gen.Elements("id", "method", "params", "_meta", "a", "é", "new", "exai/callId", "progressToken")
                                   from before in Space()
                                   from after in Space()
                                   from value in Values(depth)
                                   select (Name: name, Text: $"{before}\"{name}\"{after}:{before}{value}{after}"))
        from empty in Space()
        select $"{{{string.Join(",", members.Take(6).DistinctBy(member => member.Name, StringComparer.Ordinal).Select(member => member.Text))}{empty}}}";

    private static Gen<string> Messages() =>
        from id in Gen.OneOf(Gen.Constant<string?>(null), Scalars().Select(value => (string?)value), Gen.Elements<string?>("1", "\"x\""))
        from method in Gen.Elements<string?>(null, "\"tools/call\"", "\"m\\u00e9\"", "\"é\"", "7")
        from parameters in Gen.OneOf(Gen.Constant<string?>(null), Objects().Select(value => (string?)value), Gen.Elements<string?>("[]", "null"))
        from result in Gen.Elements<string?>(null, "{}", "null")
        from extra in Values(2)
        from space in Space()
        from order in Gen.Shuffle(new (string Name, string? Value)[] { ("jsonrpc", "\"2.0\""), ("id", id), ("method", method), ("params", parameters), ("result", result), ("x-extra", extra) })
        select $"{{{string.Join($"{space},", order.Where(member => member.Value is not null).Select(member => $"{space}\"{member.Name}\":{space}{member.Value}"))}{space}}}";
}
