/// A piece of a STAC item, as JSON has it.
enum STACValue: Encodable, ExpressibleByStringLiteral {
    case null
    case text(String)
    case number(Double)
    case integer(Int)
    case list([STACValue])
    case object([String: STACValue])

    init(stringLiteral value: String) { self = .text(value) }

    static func numbers(_ values: [Double]) -> STACValue { .list(values.map { .number($0) }) }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .text(let value): try container.encode(value)
        // JSON has no other numbers.
        case .number(let value): if value.isFinite { try container.encode(value) } else { try container.encodeNil() }
        case .integer(let value): try container.encode(value)
        case .list(let values): try container.encode(values)
        case .object(let members): try container.encode(members)
        }
    }
}
