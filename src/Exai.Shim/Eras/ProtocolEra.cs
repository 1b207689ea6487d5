using System.Text.Json.Nodes;
using Exai.Protocol;
using Exai.Shim.Messages;

namespace Exai.Shim.Eras;

/// <summary>What the two eras of the protocol do differently in what the shim says itself. Has no state.</summary>
internal abstract class ProtocolEra
{
    /// <summary>The versions that begin with <c>initialize</c>.</summary>
    public static ProtocolEra Legacy { get; } = new LegacyEra();

    /// <summary>Versions without a handshake: each request says who asks, each result that it is whole.</summary>
    public static ProtocolEra Modern { get; } = new ModernEra();

    /// <summary>As in the link's header and the cache's file names.</summary>
    public abstract string Name { get; }

    /// <summary>Whether the client shakes hands, and each daemon has to hear of it.</summary>
    public abstract bool HasHandshake { get; }

    /// <summary>What any daemon of this era answers at once.</summary>
    public abstract byte[] Probe(RequestId id);

    /// <summary>A request without parameters from the shim itself.</summary>
    public abstract byte[] Request(RequestId id, string method);

    /// <summary>The error for a request that is not of this era; null for one that is.</summary>
    public abstract byte[]? Refusal(Envelope request);

    /// <summary>Who asks, as the request itself says; null when it does not.</summary>
    public abstract string? ClientName(Envelope request);

    /// <summary>A result that the shim made, as this era has it. Changes and returns its argument.</summary>
    public abstract JsonObject Shape(JsonObject result);

    /// <summary>The same for a list.</summary>
    public abstract JsonObject ShapeList(JsonObject result);

    private sealed class LegacyEra : ProtocolEra
    {
        public override string Name => LinkContract.LegacyEra;

        public override bool HasHandshake => true;

        public override byte[] Probe(RequestId id) => Request(id, "ping");

        public override byte[] Request(RequestId id, string method) => RpcMessages.Request(id, method);

        /// <summary>What begins the other era comes here only within a batch, and that has none.</summary>
        public override byte[]? Refusal(Envelope request) => request.Method is ModernProtocol.Discover or ModernProtocol.Listen
            ? RpcMessages.Error(request.Id!.Value, -32601, $"'{request.Method}' is not available in a batch.")
            : null;

        public override string? ClientName(Envelope request) => null;

        public override JsonObject Shape(JsonObject result) => result;

        public override JsonObject ShapeList(JsonObject result) => result;
    }

    private sealed class ModernEra : ProtocolEra
    {
        private static readonly string OwnParams = new JsonObject
        {
            ["_meta"] = new JsonObject
            {
                [ModernProtocol.VersionKey] = ModernProtocol.Version,
                [ModernProtocol.ClientInfoKey] = new JsonObject { ["name"] = "exai-shim", ["version"] = Product.Version },
                [ModernProtocol.CapabilitiesKey] = new JsonObject(),
            },
        }.ToJsonString();

        public override string Name => LinkContract.ModernEra;

        public override bool HasHandshake => false;

        public override byte[] Probe(RequestId id) => Request(id, ModernProtocol.Discover);

        public override byte[] Request(RequestId id, string method) => RpcMessages.Request(id, method, OwnParams);

        public override byte[]? Refusal(Envelope request)
        {
            var id = request.Id!.Value;
            var version = request.ParamText("_meta", ModernProtocol.VersionKey);
            if (version is null || request.Param("_meta", ModernProtocol.CapabilitiesKey) is not { IsEmpty: false, Span: [(byte)'{', ..] })
            {
                return RpcMessages.Error(
                    id, -32602, $"params._meta must have \"{ModernProtocol.VersionKey}\", a text, and \"{ModernProtocol.CapabilitiesKey}\", an object.");
            }

            if (version != ModernProtocol.Version)
            {
                var data = new JsonObject { ["supported"] = new JsonArray(ModernProtocol.Version), ["requested"] = version };
                return RpcMessages.Error(id, ModernProtocol.UnsupportedVersion, $"The protocol version '{version}' is not supported.", data);
            }

            return ModernProtocol.Removed.Contains(request.Method!)
                ? RpcMessages.Error(id, -32601, $"'{request.Method}' is not part of {ModernProtocol.Version}.")
                : null;
        }

        public override string? ClientName(Envelope request) => request.ParamText("_meta", ModernProtocol.ClientInfoKey, "name");

        public override JsonObject Shape(JsonObject result) => ModernResults.Complete(result);

        public override JsonObject ShapeList(JsonObject result) => ModernResults.List(result, ModernProtocol.ListLifetime);
    }
}
